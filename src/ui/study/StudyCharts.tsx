// The charts of the comparison that is set: drawn now and then while it goes on, and not at all while the visitor has
// paused them.

import { useEffect, useRef, useState } from 'react';
import { usePage } from '../app.ts';
import Overlay from './Overlay.tsx';
import { useStudy } from './useStudy.ts';

const DRAW_EVERY_MS = 1000;

export default function StudyCharts() {
  const { groups } = useStudy();
  const paused = usePage((state) => state.preferences.chartsPaused);
  const [drawn, setDrawn] = useState(groups);
  const last = useRef(0);
  useEffect(() => {
    if (paused) return;
    const draw = () => {
      last.current = performance.now();
      setDrawn(groups);
    };
    const timer = setTimeout(draw, Math.max(0, last.current + DRAW_EVERY_MS - performance.now()));
    return () => clearTimeout(timer);
  }, [groups, paused]);
  return <Overlay groups={drawn} />;
}
