// A worker under the page's own policy.

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}
let workerScripts: ReturnType<TrustedTypes['createPolicy']> | undefined;

/** Where browsers take scripts from named policies only (Trusted Types), vite.config.ts names this one and no other. */
function scriptUrl(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  workerScripts ??= trustedTypes?.createPolicy('tandem-worker', { createScriptURL: (url) => url });
  return workerScripts?.createScriptURL(address) ?? address;
}

/**
 * A worker that is loaded from the network has the policy that its server sends with it, which on a static host is none;
 * one from a blob has the page's, so that it too can talk to nobody but the page's own server (docs/decisions.md).
 * @param address of its module, as `?worker&url` gives it
 */
export function pageWorker(address: string, name: string): Worker {
  const url = new URL(address, globalThis.location.href).href;
  const script = new Blob([`import ${JSON.stringify(url)};`], { type: 'text/javascript' });
  const own = URL.createObjectURL(script);
  const worker = new Worker(scriptUrl(own), { type: 'module', name });
  worker.addEventListener('message', () => URL.revokeObjectURL(own), { once: true });
  return worker;
}
