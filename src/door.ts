// The one way out. This document is opened, unseen, when somebody has typed the address of a server, and closed when the
// download is over. Its policy lets it talk to servers; it holds no model, no text and nothing of what is stored.

import { keepDoor } from './core/door.ts';

/** Asks who opened it for a port and the address that was typed; whoever is not this page's own origin gets nothing. */
addEventListener('message', ({ origin, data, ports }) => {
  const [port] = ports;
  if (origin !== location.origin || !port || typeof data?.base !== 'string') return;
  keepDoor(port, data.base);
});
parent.postMessage('door', location.origin);
