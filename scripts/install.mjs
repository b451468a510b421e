// Makes a bare clone ready: the packages that the lock file names, and a Chromium for what needs one.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/** Runs a command of ours with its output shown; ends the process when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  return status ?? 1;
}

/** Installs node_modules when it is missing or older than the lock file. */
export function installPackages() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`Node ${process.versions.node} found; 20.19 or newer is needed.`);
    process.exit(1);
  }
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = join(root, 'node_modules', '.tandem-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm would empty the folder behind the link, which belongs to another checkout.
    console.error(
      'node_modules is a link to packages of another version. Remove it and run this again.',
    );
    process.exit(1);
  }
  console.log('Installing packages (once) ...');
  const status = run('npm', ['ci', '--no-audit', '--no-fund'], {
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status);
  writeFileSync(stamp, lock);
}

/**
 * Path of a Chromium or Chrome: CHROME_PATH, then the PATH and the usual places, then Playwright's own,
 * then the system's package manager (as root on Debian and its kin).
 */
export async function findChromium() {
  const found = chromiumOnDisk() ?? (await chromiumOfPlaywright());
  if (found) return found;
  if (process.platform === 'linux' && process.getuid?.() === 0 && onPath(['apt-get'])) {
    console.log('Installing Chromium with apt-get (once) ...');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env });
    const installed = chromiumOnDisk();
    if (installed) return installed;
  }
  console.error(
    'No Chromium found. Looked at CHROME_PATH, chromium and google-chrome on the PATH, and Playwright’s own.\n' +
      'Install Chromium or Chrome, or set CHROME_PATH to its executable.',
  );
  process.exit(1);
}

function chromiumOnDisk() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return named;
    console.error(`CHROME_PATH is ${named}, but there is no such file; looking elsewhere.`);
  }
  const places = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  return onPath(names) ?? places.find((place) => existsSync(place));
}

async function chromiumOfPlaywright() {
  const { chromium } = await import('playwright');
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : undefined;
}

function onPath(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = join(folder, name);
      if (folder && existsSync(file)) return file;
    }
  }
  return undefined;
}
