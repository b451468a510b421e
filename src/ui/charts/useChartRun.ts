// Which state of a run the charts draw: a few times a second while it goes on, and not at all while the
// visitor has paused them (WCAG 2.2.2).

import { useEffect, useRef, useState } from 'react';
import { isActive, type Run } from '../../state/run.ts';
import { usePage } from '../app.ts';

const DRAW_EVERY_MS = 200;
/** Drawing may take this share of the time at most: buttons come first. */
const BUSY = 0.2;

export function useChartRun(run: Run): Run {
  const paused = usePage((state) => state.preferences.chartsPaused);
  const [drawn, setDrawn] = useState(run);
  const last = useRef(0);
  const took = useRef(0);
  useEffect(() => {
    // Effects run when what was drawn is on the page.
    if (drawn.id > 0 && last.current > 0) took.current = performance.now() - last.current;
  }, [drawn]);
  useEffect(() => {
    if (paused && drawn.id === run.id) return;
    const pace = Math.max(DRAW_EVERY_MS, took.current / BUSY);
    const wait = isActive(run) ? last.current + pace - performance.now() : 0;
    const draw = () => {
      last.current = performance.now();
      setDrawn(run);
    };
    if (wait <= 0) {
      draw();
      return;
    }
    const timer = setTimeout(draw, wait);
    return () => clearTimeout(timer);
  }, [run, paused, drawn.id]);
  return drawn.id === run.id ? drawn : run;
}
