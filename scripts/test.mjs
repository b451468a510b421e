// `npm test`: everything that must hold, in one command, from a bare clone. Ends with the one line that
// counts: `Tests: N passed, 0 failed`. --only=static,unit,gpu,build,e2e runs some of the stages.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium, installPackages, run } from './install.mjs';

const only = process.argv
  .find((arg) => arg.startsWith('--only='))
  ?.slice(7)
  .split(',');
const wanted = (stage) => !only || only.includes(stage);
const reports = mkdtempSync(join(tmpdir(), 'tandem-test-'));
let passed = 0;
let failed = 0;

/** A check without tests of its own counts as one. */
function check(title, command, args) {
  console.log(`\n== ${title}`);
  if (run('npx', ['--no-install', command, ...args]) === 0) passed++;
  else {
    failed++;
    console.log(`FAILED: ${title}`);
  }
}

/** Runs a test runner that writes a JSON report, and adds what it counted. */
function count(title, args, report, env, tally) {
  console.log(`\n== ${title}`);
  const status = run('npx', ['--no-install', ...args], { env: { ...process.env, ...env } });
  const result = existsSync(report) ? tally(JSON.parse(readFileSync(report, 'utf8'))) : undefined;
  passed += result?.passed ?? 0;
  failed += result?.failed ?? 0;
  // A runner that failed without a failing test (no report, a crash, an unhandled error) is a failure.
  if (!result || result.passed === 0 || (status !== 0 && result.failed === 0)) failed++;
}

const vitest = (project) => {
  const report = join(reports, `${project}.json`);
  count(
    `${project} tests`,
    [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    report,
    {},
    // A skipped test is a failure: nothing may be skipped quietly.
    (r) => ({ passed: r.numPassedTests, failed: r.numTotalTests - r.numPassedTests }),
  );
};

installPackages();
if (wanted('gpu') || wanted('e2e')) process.env.CHROME_PATH = await findChromium();

if (wanted('static')) {
  check('format and lint', 'biome', ['ci', '.']);
  check('types', 'tsc', ['-p', '.']);
  check('layer rule', 'depcruise', ['src', 'cli', 'bench', '--config', '.dependency-cruiser.cjs']);
}
if (wanted('unit')) vitest('unit');
if (wanted('gpu')) vitest('gpu');
if (wanted('build')) check('build', 'vite', ['build', '--logLevel', 'warn']);
if (wanted('e2e')) {
  const report = join(reports, 'e2e.json');
  count(
    'e2e tests',
    ['playwright', 'test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'],
    report,
    { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
    ({ stats }) => ({
      passed: stats.expected,
      failed: stats.unexpected + stats.flaky + stats.skipped,
    }),
  );
}

rmSync(reports, { recursive: true, force: true });
console.log(`\nTests: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
