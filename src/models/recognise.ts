// What dropped files are, by what is in them: exports are renamed, and the commonest honest mistakes (a pointer instead
// of a file, a web page, a tokenizer alone) look right by name. Reads a few kilobytes of each file, whatever its size.

import type { DroppedFile, FileRole, RecognisedFile } from '../core/dropped.ts';
import { isRecord } from './folder.ts';
import { hasTooManyNames, MOST_NAMES } from './jsonNames.ts';
import { sniff } from './sniff.ts';
import { onnxForm } from './topLevel.ts';

const HEAD = 64 * 1024;
/** Longest JSON file that is read whole to see what it is. The largest tokenizers have about 40 MB. */
const LONGEST_JSON = 64 * 2 ** 20;

type Said = Pick<RecognisedFile, 'role' | 'says' | 'remedy'>;

/** Never throws: a file that cannot be read is recognised as that. */
export async function recognise({ path, file }: DroppedFile): Promise<RecognisedFile> {
  try {
    return { path, bytes: file.size, ...(await what(path, file)) };
  } catch {
    return {
      path,
      bytes: file.size,
      role: 'refused',
      says: 'could not be read: it was changed, moved or closed to the browser',
      remedy: 'Drop it again.',
    };
  }
}

async function what(path: string, file: Blob): Promise<Said> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  const text = new TextDecoder('latin1')
    .decode(head)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  // No JSON begins so.
  if (/^\{[%{#]/.test(text)) return { role: 'chat template', says: 'chat template' };
  if (text.startsWith('{') || text.startsWith('[')) return json(name, file, text);
  if (isSafetensors(head, file.size)) {
    const adapter = /lora_[AB]/.test(text);
    return adapter
      ? { role: 'adapter', says: 'LoRA adapter (safetensors)' }
      : { role: 'safetensors', says: 'weights (safetensors)' };
  }
  const form = await onnxForm(file);
  if (form === 'whole') return { role: 'model', says: 'ONNX model' };
  if (/\.jinja2?$/i.test(name) || /\{[%{]-?\s*(for|if|set|bos_token|messages)/.test(text)) {
    return { role: 'chat template', says: 'chat template' };
  }
  const kind = sniff(head);
  if (kind)
    return { role: 'refused', says: kind.is.replace(/^is (an? )?/, ''), remedy: kind.remedy };
  if (form === 'cut') {
    return {
      role: 'refused',
      says: 'ONNX model that is cut off',
      remedy: 'Download it again, completely.',
    };
  }
  if (isText(head)) return { role: 'beside', says: textKind(name) };
  // Raw numbers look like nothing; that they are weights is only said by their name and by the model that needs them.
  if (/[._](data|bin|weights)(_\d+)?$|\.onnx[._]data/i.test(name)) {
    return { role: 'weights', says: 'external data of an ONNX model' };
  }
  return { role: 'weights', says: 'raw numbers, perhaps external data of an ONNX model' };
}

async function json(name: string, file: Blob, head: string): Promise<Said> {
  if (file.size > LONGEST_JSON) return { role: 'beside', says: 'very large JSON file' };
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (hasTooManyNames(bytes)) {
    return {
      role: 'refused',
      says: `JSON file with more than ${MOST_NAMES.toLocaleString('en-US')} names`,
      remedy: 'Use the file that belongs to the model.',
    };
  }
  const value = parsed(new TextDecoder().decode(bytes));
  if (value === undefined) {
    const lines = head.split('\n').slice(0, 2).map(parsed);
    if (lines.length === 2 && lines.every(isRecord)) {
      return {
        role: 'examples',
        says: 'examples to learn from (JSON Lines)',
        remedy: 'Choose it in Train, as your own file.',
      };
    }
    return {
      role: 'refused',
      says: 'JSON file that is damaged',
      remedy: 'Download it again, or repair it.',
    };
  }
  return isRecord(value) ? ofKeys(name, value) : { role: 'beside', says: 'JSON file' };
}

/** Which file of a checkpoint has such keys. */
function ofKeys(name: string, value: Record<string, unknown>): Said {
  const has = (...keys: string[]) => keys.some((key) => Object.hasOwn(value, key));
  const is = (role: FileRole, says: string): Said => ({ role, says });
  if (isRecord(value.model) && has('added_tokens', 'pre_tokenizer', 'decoder')) {
    // A genai_config.json has a `model` too.
    if (!isRecord(value.model.decoder) || has('added_tokens')) return is('tokenizer', 'tokenizer');
  }
  if (isRecord(value.model) && has('search')) return is('genai config', 'onnxruntime-genai config');
  if (isRecord(value.model) && isRecord(value.model.decoder)) {
    return is('genai config', 'onnxruntime-genai config');
  }
  if (isRecord(value.weight_map)) return is('safetensors index', 'index of safetensors files');
  if (has('peft_type')) return is('adapter config', 'LoRA adapter config');
  if (has('tokenizer_class', 'added_tokens_decoder', 'model_max_length', 'chat_template')) {
    return is('tokenizer config', 'tokenizer config');
  }
  if (
    has(
      'model_type',
      'architectures',
      'hidden_size',
      'n_embd',
      'n_positions',
      'max_position_embeddings',
    )
  ) {
    return is('config', 'model config');
  }
  if (
    name === 'generation_config.json' ||
    has('_from_model_config', 'do_sample', 'max_new_tokens')
  ) {
    return is('generation config', 'generation config');
  }
  if (name === 'special_tokens_map.json') return is('special tokens', 'special tokens');
  if (name === 'config.json') return is('config', 'model config');
  if (name === 'tokenizer_config.json') return is('tokenizer config', 'tokenizer config');
  if (has('eos_token_id', 'bos_token_id')) return is('generation config', 'generation config');
  if (has('bos_token', 'eos_token', 'pad_token', 'unk_token'))
    return is('special tokens', 'special tokens');
  return is('beside', 'JSON file');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}

/** Eight bytes of header length, then a JSON object of that length. */
function isSafetensors(head: Uint8Array, size: number): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false;
  const length = new DataView(head.buffer).getBigUint64(0, true);
  return length >= 2n && length <= 100_000_000n && Number(length) <= size - 8;
}

/** UTF-8 without control characters. */
function isText(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  if (head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))) return false;
  try {
    // The last character may be cut.
    new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(0, head.length - 3));
    return true;
  } catch {
    return false;
  }
}

const textKind = (name: string): string => {
  if (/^readme/i.test(name)) return 'description';
  if (/^(licen[cs]e|copying|notice)/i.test(name)) return 'licence';
  return 'text';
};
