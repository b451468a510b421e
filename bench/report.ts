// Benchmark results as Markdown, the same text on the terminal and in docs/bench.
import { cpus } from 'node:os';
import type { DecodingReport } from './decoding.ts';
import type { DialRow } from './dials.ts';
import type { FusionRow } from './fusion.ts';
import { FALLBACKS, ROLLBACKS } from './grid.ts';
import type { Row } from './kernels.ts';
import type { LoadReport } from './load.ts';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
export const machine = () => `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`;

/** A section that a checkpoint's README carries, and what it begins with. */
export const FRONTIER = '## BiLD with its small models';

/** The text with the section as it is now, at its end. */
export function withFrontier(readme: string, report: DecodingReport): string {
  const { where, found } = readDecoding(report);
  const before = readme.split(`\n${FRONTIER}\n`)[0]!.trimEnd();
  return [before, '', FRONTIER, '', ...where, '', ...found].join('\n');
}

export function decodingReport(report: DecodingReport): string {
  const { where, table, found } = readDecoding(report);
  return ['# Decoding: small, large, BiLD', '', ...where, '', ...table, '', ...found].join('\n');
}

function readDecoding(report: DecodingReport) {
  const { problems, seed, maxDraft, contestants } = report;
  const large = contestants.find((contestant) => contestant.name === 'large');
  if (!large) throw new Error('no yardstick');
  const rows = contestants.map((contestant) => ({
    ...contestant,
    accuracy: contestant.right / problems,
    /** Wall-clock of the large model alone over the contestant's, on the same problems. */
    speedUp: large.ms / contestant.ms,
  }));
  type Row = (typeof rows)[number];
  const smalls = [...new Set(rows.flatMap(({ small }) => small ?? []))];
  const at = (row: Row) =>
    `fallback ${row.params.fallbackThreshold}, rollback ${row.params.rollbackThreshold}`;
  const title = (row: Row) =>
    row.name === 'bild' ? `BiLD, ${row.small} (${at(row)})` : `${row.small ?? report.large} alone`;
  const bildOf = (small: string) =>
    rows.filter((row) => row.name === 'bild' && row.small === small);
  const best = (small: string) => {
    const good = bildOf(small).filter((row) => row.accuracy >= large.right / problems - 0.01);
    const row = good.toSorted((a, b) => b.speedUp - a.speedUp)[0];
    return row
      ? `Best with ${small} at a loss of at most 1 point: ${at(row)}: ${row.speedUp.toFixed(2)}× at ${percent(row.accuracy)} (${report.large} alone: ${percent(large.right / problems)}).`
      : `With ${small} no point stays within 1 point of ${report.large} alone (${percent(large.right / problems)}).`;
  };
  const frontier = (small: string): string[] => {
    const bild = bildOf(small);
    if (bild.length !== FALLBACKS.length * ROLLBACKS.length) return [];
    return [
      `The frontier of ${small} (accuracy, speed-up), fallback threshold down, rollback threshold across:`,
      '',
      `| | ${ROLLBACKS.join(' | ')} |`,
      `|---|${ROLLBACKS.map(() => '---|').join('')}`,
      ...FALLBACKS.map((fallback) => {
        const cells = bild.filter((row) => row.params.fallbackThreshold === fallback);
        const shown = cells.map((row) => `${percent(row.accuracy)}, ${row.speedUp.toFixed(2)}×`);
        return `| ${fallback} | ${shown.join(' | ')} |`;
      }),
      '',
    ];
  };
  const where = [
    `${problems} problems of numberWords (seed ${seed}, up to 9 digits), greedy, wasm provider, one thread,`,
    `Chromium, ${machine()}. Speed-up: wall-clock of the large model alone over the method's, same problems,`,
    'same run, contenders in rotating order.',
  ];
  const table = [
    '| method | accuracy | tokens/s | speed-up | small passes | large passes | rolled back |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) =>
      [
        '',
        title(row),
        percent(row.accuracy),
        ((1000 * row.tokens) / row.ms).toFixed(0),
        `${row.speedUp.toFixed(2)}×`,
        row.smallPasses,
        row.largePasses,
        row.drafted ? percent(row.rolledBack / row.drafted) : '',
        '',
      ]
        .join(' | ')
        .trimStart(),
    ),
  ];
  const found = [
    ...smalls.flatMap((small) => [best(small), '']),
    `Drafts of at most ${maxDraft} tokens.`,
    '',
    ...smalls.flatMap(frontier),
    `Reproduce: \`npm run bench -- decoding --problems=${problems}${bildOf(smalls[0]!).length > 1 ? ' --grid' : ''} --smalls=${smalls.join(',')} --large=${report.large}\``,
    '',
  ];
  return { where, table, found };
}

export function kernelReport({ adapter, rows }: { adapter: string; rows: readonly Row[] }): string {
  return [
    '# Kernels',
    '',
    `Adapter: ${adapter}. ${machine()}. Share: bandwidth over that of a plain copy kernel moving as many`,
    'bytes in the same run; both medians, alternating.',
    '',
    '| kernel | shape | time | bytes | GB/s | share of copy |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.kernel} | ${row.shape} | ${row.ms.toFixed(3)} ms | ${row.bytes.toLocaleString('en-US')} | ${row.gbPerS.toFixed(2)} | ${percent(row.shareOfCopy)} |`,
    ),
    '',
    'Reproduce: `npm run bench -- kernels`',
    '',
  ].join('\n');
}

export function fusionReport({
  adapter,
  rows,
  mostRows,
  node = false,
}: {
  adapter: string;
  rows: readonly FusionRow[];
  mostRows: number;
  /** Outside a browser? */
  node?: boolean;
}): string {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const others = rows.reduce((sum, row) => sum + row.otherExperts, 0);
  const ms = (time: number) => `${time.toFixed(time < 10 ? 3 : 1)} ms`;
  return [
    '# Fusion with alpha solved',
    '',
    `Adapter: ${adapter}. ${machine()}. All three measured in one run, taking turns, medians. Bytes of the kernel:`,
    'those that have to cross the memory bus; share of copy: bandwidth over that of a plain copy kernel moving as many.',
    'Separate passes: log-softmax of every model, a tilt, a log-softmax and both divergences for each of the 21 alphas of',
    'each expert, the smallest loss; for `refined` also 16 halvings beside that of each expert, with a tilt, a log-softmax,',
    'both divergences and the means that the slope of the loss needs; the fused logits (`bench/unfused.wgsl`).',
    '',
    '| shape | kernel | bytes | share of copy | separate passes | bytes | rounds | alphas apart | times as fast |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.shape} | ${ms(row.ms)} | ${mb(row.bytes)} | ${percent(row.shareOfCopy)} | ${ms(row.unfusedMs)} | ${mb(row.unfusedBytes)} | ${row.rounds} | ${row.apart.toExponential(1)} | ${(row.unfusedMs / row.ms).toFixed(1)}× |`,
    ),
    '',
    `${rows.filter((row) => row.unfusedMs >= 5 * row.ms).length} of ${rows.length} shapes are at least 5 times as fast as the separate passes, which is what the kernel is built for.`,
    'Rounds are those of the separate passes: what takes them longer than six seconds is measured once. Alphas apart: the',
    'largest difference between what both found in any row. On a machine that computes for others too, single figures',
    'differ widely from run to run.',
    '',
    ...(others > 0
      ? [
          `In ${others} ${others === 1 ? 'row' : 'rows'} two experts are as good, within 1e-4 of the loss, and both chose different ones.`,
          '',
        ]
      : []),
    ...(mostRows < 64 ? ['Shapes of 64 rows were left out.', ''] : []),
    `Reproduce: \`npm run bench -- fusion${node ? ' --node' : ''}${mostRows < 64 ? ` --rows=${mostRows}` : ''}\``,
    '',
  ].join('\n');
}

export function loadReport(report: LoadReport): string {
  const row = (name: string, times: readonly number[]) => {
    const sorted = times.toSorted((a, b) => a - b);
    const seconds = (ms = 0) => (ms / 1000).toFixed(2);
    const middle = sorted[sorted.length >> 1];
    return `| ${name} | ${seconds(sorted[0])} s | ${seconds(middle)} s | ${seconds(sorted.at(-1))} s |`;
  };
  return [
    '# Loading',
    '',
    `The built site from localhost, a fresh browser profile per visit, ${report.usable.length} visits, Run pressed at once.`,
    `${machine()}. Seconds from the start of the navigation.`,
    '',
    '| | least | median | most |',
    '|---|---|---|---|',
    row('Run can be pressed', report.usable),
    row('first token on the page', report.firstToken),
    row('text finished and timed', report.finished),
    '',
    'Reproduce: `npm run bench -- load`',
    '',
  ].join('\n');
}

export function dialsReport(rows: readonly DialRow[]): string {
  return [
    '# Dials: from a turned parameter to the new distribution',
    '',
    `${machine()}. Chromium, wasm, one thread, without a GPU; a prompt of 13 characters, read anew at every turn. Medians of`,
    'the turns on the wall; computing is the mean of what the page’s process computed, others on the same cores left out.',
    '',
    '| model | parameters | turned | of them | on the wall | computing | turns |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.model} | ${row.parameters.toLocaleString('en-US')} | ${row.target} | ${row.touched.toLocaleString('en-US')} | ${row.wall.toFixed(1)} ms | ${row.computed.toFixed(1)} ms | ${row.turns} |`,
    ),
    '',
    'Reproduce: `npm run bench -- dials`',
    '',
  ].join('\n');
}
