// Addresses of models on servers with Hugging Face's layout: what a person types, what it means, and where files are.
//   BASE/api/models/REPO/tree/REVISION?recursive=true    the list of files
//   BASE/REPO/resolve/REVISION/PATH                      a file

import { UserError } from './errors.ts';

export interface HubAddress {
  /** Origin, and path if there is one; no slash at the end. */
  readonly base: string;
  /** `org/name`, or a name alone. */
  readonly repo: string;
  /** A branch, tag or commit. */
  readonly revision: string;
}

export const DEFAULT_HUB = 'https://huggingface.co';
const LONGEST = 500;

/** Words of a repository's address after which a revision follows. */
const VIEWS = ['tree', 'blob', 'resolve', 'raw', 'commit'];
const PART = /^[\w.-]{1,96}$/;
const REVISION = /^[\w.-]+(\/[\w.-]+)*$/;

/**
 * `org/name`, `org/name@revision`, `name`, or the whole address of a page of it.
 * @param hub where names without a server are looked for
 * @throws UserError 'checkpoint': what is wrong with it
 */
export function parseHubAddress(typed: string, hub = DEFAULT_HUB): HubAddress {
  const text = typed.trim();
  if (text === '') throw refused('Nothing was typed.');
  if (text.length > LONGEST) throw refused(`The address has ${text.length} characters.`);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return named(text, parseHubBase(hub));
  const url = safeUrl(text);
  const base = parseHubBase(hub);
  const within = `${url.origin}${url.pathname}`.startsWith(`${base}/`)
    ? new URL(base).pathname
    : '/';
  const path = url.pathname.slice(within.length).replace(/^\/|\/$/g, '');
  const [before, after] = splitAtView(path);
  const parts = before.split('/').map(decoded);
  const [name, at] = (parts.at(-1) ?? '').split('@');
  const owner = parts.length > 1 ? parts.at(-2) : undefined;
  const prefix = parts
    .slice(0, -2)
    .map((part) => `/${encodeURIComponent(part)}`)
    .join('');
  const root = within === '/' ? url.origin : base;
  return checked({
    base: `${root}${prefix}`,
    repo: owner === undefined ? (name ?? '') : `${owner}/${name}`,
    revision: after ?? at ?? 'main',
  });
}

/** @throws UserError 'checkpoint' unless `typed` is an address that files can be fetched from */
export function parseHubBase(typed: string): string {
  const url = safeUrl(typed.trim());
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** As it is shown, and typed again. */
export const showHubAddress = ({ base, repo, revision }: HubAddress): string => {
  const name = base === DEFAULT_HUB ? repo : `${base}/${repo}`;
  return revision === 'main' ? name : `${name}@${revision}`;
};

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

export const hubFileUrl = ({ base, repo, revision }: HubAddress, path: string): string =>
  `${base}/${encodePath(repo)}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`;

export const hubListUrl = ({ base, repo, revision }: HubAddress): string =>
  `${base}/api/models/${encodePath(repo)}/tree/${encodeURIComponent(revision)}?recursive=true`;

function named(text: string, base: string): HubAddress {
  const [repo = '', revision = 'main', ...more] = text.split('@');
  if (more.length > 0) throw refused(`${shown(text)} has more than one @.`);
  return checked({ base, repo: repo.replace(/^\/|\/$/g, ''), revision });
}

/** `org/name` and the revision of `org/name/tree/REVISION/...`. */
function splitAtView(path: string): [string, string | undefined] {
  const parts = path.split('/');
  const at = parts.findIndex((part, i) => i > 0 && VIEWS.includes(part));
  if (at < 0) return [path, undefined];
  const revision = parts[at + 1];
  return [parts.slice(0, at).join('/'), revision === undefined ? undefined : decoded(revision)];
}

function checked(address: HubAddress): HubAddress {
  const parts = address.repo.split('/');
  const plain = parts.every((part) => PART.test(part) && !/^\.+$/.test(part));
  if (!plain || parts.length > 2) {
    throw refused(`${shown(address.repo) || 'It'} is no name of a model.`);
  }
  if (!REVISION.test(address.revision) || address.revision.includes('..')) {
    throw refused(`${shown(address.revision)} is no name of a revision.`);
  }
  return address;
}

/** Plain http would be read by everyone on the way; on this machine there is no way. */
const HERE = /^(localhost|127\.0\.0\.1)$/;

function safeUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused(`${shown(text)} is no address.`);
  }
  if (url.protocol === 'http:' && !HERE.test(url.hostname)) {
    throw refused(
      `${shown(text)} is an address without encryption (http), which is allowed for this machine only.`,
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused(`${shown(text)} is no address of a web server.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(
      'The address has a name or a password in it, which would be stored with the checkpoint.',
    );
  }
  return url;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

const refused = (found: string) =>
  new UserError(
    'checkpoint',
    found,
    'Type org/name, org/name@revision, or the address of the model’s page, beginning with https://.',
  );
