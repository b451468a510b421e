// Files from this machine: dropped, chosen as a folder or one by one, or pasted. Says what can be brought.

import { useRef } from 'react';
import { filesOf } from '../../state/droppedFiles.ts';
import { Icon } from '../parts/Icon.tsx';
import { useModels } from './useModels.ts';

/** Every browser has it, and React knows no such attribute. */
const AS_FOLDER = { webkitdirectory: '' } as Record<string, string>;

export function WaysIn() {
  const { take } = useModels();
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const chosen = ({ target }: React.ChangeEvent<HTMLInputElement>) => {
    take(filesOf(target.files ?? []));
    target.value = '';
  };
  return (
    <section className="ways-in" aria-labelledby="ways-in-title">
      <h2 id="ways-in-title">Bring your own checkpoint</h2>
      <p>
        Drop a folder or files anywhere on this page, paste them, or choose them here. They never
        leave this browser.
      </p>
      <div className="actions">
        <button type="button" className="button" onClick={() => folder.current?.click()}>
          <Icon name="open" />
          Choose a folder
        </button>
        <button type="button" className="button" onClick={() => files.current?.click()}>
          <Icon name="plus" />
          Choose files
        </button>
      </div>
      <input
        ref={folder}
        type="file"
        className="unseen"
        aria-label="Folder of a checkpoint"
        tabIndex={-1}
        onChange={chosen}
        {...AS_FOLDER}
      />
      <input
        ref={files}
        type="file"
        multiple
        className="unseen"
        aria-label="Files of a checkpoint"
        tabIndex={-1}
        onChange={chosen}
      />
      <details>
        <summary className="fine">What can be brought</summary>
        <ul className="fine">
          <li>
            <b>ONNX in Hugging Face’s layout</b>: <code>config.json</code>,{' '}
            <code>tokenizer.json</code>, <code>onnx/model.onnx</code>, with all its variants (
            <code>_fp16</code>, <code>_q4</code> …) and external data (<code>.onnx_data</code>)
          </li>
          <li>
            <b>A bare model.onnx</b>, with or without a tokenizer: a token per byte or per character
            will do
          </li>
          <li>
            <b>onnxruntime-genai</b> folders (<code>genai_config.json</code>)
          </li>
          <li>
            <b>safetensors</b> of GPT-2 and Llama or Qwen2 style models, with{' '}
            <code>config.json</code>
          </li>
          <li>
            <b>What was exported here</b>, as the unpacked folder
          </li>
        </ul>
      </details>
    </section>
  );
}
