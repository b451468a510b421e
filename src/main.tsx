// The page begins: worker, state, and the view of it.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createApp } from './state/app.ts';
import { browserPage } from './state/page.ts';
import { App } from './ui/App.tsx';
import { AppContext } from './ui/app.ts';
import { createClient } from './worker/client.ts';

const client = createClient({ baseUrl: new URL(import.meta.env.BASE_URL, document.baseURI).href });
const app = createApp(client, browserPage());
app.actions.follow();

const root = document.getElementById('page');
if (!root) throw new Error('index.html has no #page');
createRoot(root).render(
  <StrictMode>
    <AppContext value={app}>
      <App />
    </AppContext>
  </StrictMode>,
);
