// Where the stage begins. On a screen that stacks, a new run brings it into sight: who has pressed Run wants
// to see what happens.

import { useEffect, useRef } from 'react';

const STACKED = '(max-width: 1180px)';

export function StageTop({ run }: { run: number | undefined }) {
  const top = useRef<HTMLDivElement>(null);
  const last = useRef(run);
  useEffect(() => {
    const begun = run !== undefined && run !== last.current;
    last.current = run;
    if (!begun || !top.current || !matchMedia(STACKED).matches) return;
    const { top: y } = top.current.getBoundingClientRect();
    if (y < 0 || y > innerHeight / 3) top.current.scrollIntoView({ block: 'start' });
  }, [run]);
  return <div className="stage-top" ref={top} />;
}
