// What a file really is, from its first bytes. People drop tokenizers, pointers and archives where an ONNX
// model belongs; a sentence that names what they dropped helps more than a parser's complaint.

export interface FileKind {
  /** Completes the sentence "The file ... ". */
  readonly is: string;
  /** What to do about it. */
  readonly remedy: string;
}

const ONNX_REMEDY = 'Use the ONNX export of the model, usually onnx/model.onnx.';

/** What `bytes` look like, or undefined when they look like nothing in particular. */
export function sniff(bytes: Uint8Array): FileKind | undefined {
  if (bytes.length === 0) return { is: 'is empty', remedy: 'Download it again.' };
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096));
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (text.startsWith('version https://git-lfs')) {
    return {
      is: 'is a Git LFS pointer, not the file itself',
      remedy:
        'Run "git lfs pull" in the checkpoint’s folder, or download the file from its web page.',
    };
  }
  if (/^<(!doctype|html|\?xml)/i.test(text)) {
    return {
      is: 'is a web page',
      remedy: 'Use the download link of the file instead of the address of its page.',
    };
  }
  if (looksLikeSafetensors(bytes)) {
    return { is: 'is a safetensors file, which holds weights but no graph', remedy: ONNX_REMEDY };
  }
  if (text.startsWith('{') || text.startsWith('[')) {
    return isTokenizer(bytes, text)
      ? { is: 'is a tokenizer.json', remedy: ONNX_REMEDY }
      : { is: 'is a JSON file', remedy: ONNX_REMEDY };
  }
  if (head.startsWith('GGUF')) return { is: 'is a GGUF file (llama.cpp)', remedy: ONNX_REMEDY };
  if (head.startsWith('PK\x03\x04')) {
    return {
      is: 'is a zip archive (or a PyTorch checkpoint, which is one inside)',
      remedy: `Unpack it first. ${ONNX_REMEDY}`,
    };
  }
  if (bytes[0] === 0x80 && bytes[1] !== undefined && bytes[1] >= 2 && bytes[1] <= 5) {
    return {
      is: 'is a Python pickle, which can run code when it is opened',
      remedy: ONNX_REMEDY,
    };
  }
  return undefined;
}

function isTokenizer(bytes: Uint8Array, text: string): boolean {
  if (/"(added_tokens|pre_tokenizer)"/.test(text)) return true;
  const tail = new TextDecoder('latin1').decode(bytes.subarray(-2048));
  return text.includes('"model"') && /"(merges|vocab)"/.test(text + tail);
}

/** Eight bytes of header length, then a JSON object of that length. */
function looksLikeSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= 100_000_000n && Number(length) <= bytes.length - 8;
}
