// The whole page takes files: dropped anywhere, or pasted. What takes them itself (a data file, a run) is left alone.

import { useEffect, useState } from 'react';
import { entriesOf, walk } from '../../state/droppedFiles.ts';
import { told } from '../../state/store.ts';
import { useApp } from '../app.ts';
import './drop.css';

const hasFiles = (data: DataTransfer | null): data is DataTransfer =>
  data !== null && [...data.types].includes('Files');

export function DropTarget() {
  const app = useApp();
  const [over, setOver] = useState(false);
  useEffect(() => {
    /** Entering a child is told before leaving its parent, so depth is counted. */
    let depth = 0;
    const rest = () => {
      depth = 0;
      setOver(false);
    };
    async function take(data: DataTransfer): Promise<void> {
      const entries = entriesOf(data);
      if (entries.length === 0) return;
      const actions = import('./useModels.ts');
      const { files, unread } = await walk(entries);
      if (files.length === 0) {
        const what =
          unread > 0
            ? 'The browser may not read what was dropped.'
            : 'There was no file in what was dropped.';
        app.store.setState({ notice: told(what) });
        return;
      }
      (await actions).modelsOf(app).take(files);
    }
    const listeners: { [K in keyof WindowEventMap]?: (event: WindowEventMap[K]) => void } = {
      dragenter(event) {
        if (!hasFiles(event.dataTransfer)) return;
        depth++;
        setOver(true);
      },
      dragover(event) {
        if (!hasFiles(event.dataTransfer) || event.defaultPrevented) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      },
      dragleave(event) {
        if (hasFiles(event.dataTransfer) && --depth <= 0) rest();
      },
      drop(event) {
        rest();
        if (!hasFiles(event.dataTransfer) || event.defaultPrevented) return;
        event.preventDefault();
        void take(event.dataTransfer);
      },
      paste(event) {
        if (!hasFiles(event.clipboardData)) return;
        event.preventDefault();
        void take(event.clipboardData);
      },
      blur: rest,
    };
    const all = Object.entries(listeners) as [string, EventListener][];
    for (const [type, listener] of all) addEventListener(type, listener);
    return () => {
      for (const [type, listener] of all) removeEventListener(type, listener);
    };
  }, [app]);
  if (!over) return null;
  return (
    <div className="drop-overlay">
      <p>
        Drop a checkpoint: a folder, or its files
        <span className="fine">
          model.onnx, tokenizer.json, config.json; several folders at once. They never leave this
          browser.
        </span>
      </p>
    </div>
  );
}
