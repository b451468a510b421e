// The page's last word: always there for those who listen, for a few seconds also for those who look.

import { useEffect, useState } from 'react';
import { usePage } from '../app.ts';

const SHOWN_MS = 5000;

export function NoticeLine() {
  const notice = usePage((state) => state.notice);
  const [over, setOver] = useState<typeof notice>();
  useEffect(() => {
    const timer = setTimeout(() => setOver(notice), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const shown = notice.shown && notice !== over;
  return (
    <p className={shown ? 'notice-line' : 'unseen'} role="status" aria-live="polite">
      {notice.text}
    </p>
  );
}
