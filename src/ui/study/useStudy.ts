// The comparison that is set, and its runs as far as they are here; those that are kept are read when they are needed.

import { useEffect, useMemo } from 'react';
import { sameContent } from '../../experiment/names.ts';
import { planNames } from '../../experiment/study.ts';
import { groupKey, groupsOf } from '../../state/overlay.ts';
import { hasContent, type Run } from '../../state/run.ts';
import { type StudyRow, studyRows } from '../../state/study.ts';
import { usePage } from '../app.ts';
import { useCompare } from '../compare/useCompare.ts';

export function useStudy() {
  const experiment = usePage((state) => state.experiment);
  const runs = usePage((state) => state.runs);
  const stored = usePage((state) => state.stored);
  const opened = usePage((state) => state.opened);
  const { load } = useCompare();
  const rows = useMemo(() => studyRows({ experiment, runs, stored }), [experiment, runs, stored]);
  const missing = rows
    .flatMap((row) => (row.state === 'kept' ? [row.kept.id] : []))
    .filter((id) => !opened.some((run) => run.kept !== undefined && sameContent(run.kept, id)))
    .join('\n');
  useEffect(() => {
    if (missing !== '') void load(missing.split('\n'));
  }, [missing, load]);
  const found = useMemo(() => {
    const runOf = (row: StudyRow): Run | undefined => {
      if (row.state === 'waiting') return undefined;
      if (row.state !== 'kept') return hasContent(row.run) ? row.run : undefined;
      return opened.find((run) => run.kept !== undefined && sameContent(run.kept, row.kept.id));
    };
    return rows.toSorted((a, b) => a.plan - b.plan).flatMap((row) => runOf(row) ?? []);
  }, [rows, opened]);
  const expected = useMemo(() => {
    const names = planNames(experiment.study.plans);
    return experiment.study.plans.map(({ method, params }, at) => ({
      key: groupKey({ ...experiment, mode: 'train', method, params }),
      name: names[at] ?? '',
    }));
  }, [experiment]);
  const groups = useMemo(() => groupsOf(found, expected), [found, expected]);
  return { rows, groups, reading: missing !== '' };
}
