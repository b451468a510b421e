// How much memory WebAssembly has. It grows when it must and never shrinks, so what it has is also the most that it ever
// needed: what a checkpoint adds while it is loaded is the peak of its loading. ONNX Runtime makes its memory itself and
// shows it to nobody, so it is noted where it is made; browsers offer a page no other way to measure this.

/** Those that are still there. */
const known = new Set<WeakRef<WebAssembly.Memory>>();

/** Notes every memory that is made from now on. */
export function noteMemories(): void {
  const Plain = WebAssembly.Memory;
  if (Plain.name === 'Noted') return;
  WebAssembly.Memory = class Noted extends Plain {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      known.add(new WeakRef(this));
    }
  };
}

/** Of all memories that were noted. */
export function heapBytes(): number {
  let sum = 0;
  for (const one of known) {
    const memory = one.deref();
    if (memory) sum += memory.buffer.byteLength;
    else known.delete(one);
  }
  return sum;
}
