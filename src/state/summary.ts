// What one generation cost and gave. Before it is complete the counts come from its events; afterwards
// from the measured statistics, which also know what was fed to the models.

import { costModelSpeedUp } from '../core/costModel.ts';
import type { GenerationStats, RunEvent, WorkByRole } from '../core/events.ts';
import type { ByRole, Role } from '../core/roles.ts';
import { derived } from './derive.ts';
import { baselineOf, drafts, generatedOf, type Run, rolesOf } from './run.ts';

export interface Summary {
  readonly tokens: number;
  /** Active milliseconds. */
  readonly ms: number;
  readonly tokensPerSecond?: number;
  /** Of the method's models. */
  readonly passes: ByRole<number>;
  /** Token positions fed; known at the end. */
  readonly positions?: ByRole<number>;
  readonly drafted: number;
  readonly accepted: number;
  readonly rolledBack: number;
  /** Share of the small model's guesses that fell below the threshold. */
  readonly fallbackShare?: number;
  /** Share of drafted tokens that were struck out. */
  readonly rollbackShare?: number;
  readonly bytesReadBack?: number;
  /** The large model alone on the same prompt in the same run. */
  readonly baseline?: {
    readonly tokens: number;
    readonly ms: number;
    readonly tokensPerSecond?: number;
    readonly passes: number;
    readonly positions: number;
  };
  /** Time per token of the large model alone over that of the method. */
  readonly measuredSpeedUp?: number;
  /** Alternating repetitions behind the measured speed-up; 0 when the run itself was timed. */
  readonly timingRounds?: number;
  readonly modelledSpeedUp?: number;
  /** Does the text equal the large model's own, and if not, from which token on (zero-based)? */
  readonly agreement?: { readonly same: true } | { readonly same: false; readonly at: number };
}

type Counts = Pick<
  GenerationStats,
  'tokens' | 'ms' | 'drafted' | 'accepted' | 'rolledBack' | 'fallbacks'
> & { readonly passes: ByRole<number> };

/** One number of the work of each of these models. */
const each = (roles: readonly Role[], number: (role: Role) => number | undefined): ByRole<number> =>
  Object.fromEntries(roles.map((role) => [role, number(role) ?? 0]));
const passesOf = (roles: readonly Role[], work: WorkByRole): ByRole<number> =>
  each(roles, (role) => work[role]?.passes);

/**
 * Counts of the generation in `events` as far as it has come. `drafting`: what the small model writes is
 * a draft. `roles`: all of these make a pass for a token that is written together.
 */
export function countsOf(
  events: readonly RunEvent[],
  drafting: boolean,
  roles: readonly Role[],
): Counts {
  let tokens = 0;
  let ms = 0;
  let drafted = 0;
  let accepted = 0;
  let rolledBack = 0;
  let fallbacks = 0;
  let passes: Partial<Record<Role, number>> = each(roles, () => 0);
  const count = (role: Role) => {
    passes[role] = (passes[role] ?? 0) + 1;
  };
  // A large pass is announced by its hand-over; without one, every token of its own is one.
  let handedOver = false;
  // Beams are written before their tokens are in the text.
  let searched = false;
  for (const run of events) {
    if (run.type === 'prompt') {
      tokens = ms = drafted = accepted = rolledBack = fallbacks = 0;
      passes = each(roles, () => 0);
      handedOver = searched = false;
    }
    if (run.type !== 'decode') continue;
    ms += run.ms;
    const { event } = run;
    if (event.type === 'token') {
      tokens++;
      if (event.by === 'fused') roles.forEach(count);
      else if (!searched && (event.by !== 'large' || !handedOver)) count(event.by);
      if (drafting && event.by === 'small') drafted++;
    } else if (event.type === 'beams') {
      searched = true;
      count('large');
    } else if (event.type === 'chunk') {
      count('tuned');
      count('untuned');
    } else if (event.type === 'handOver') {
      handedOver = true;
      count('large');
      if (event.why === 'fallback') {
        fallbacks++;
        count('small');
      }
    } else if (event.type === 'verdict' || event.type === 'speculation') {
      accepted += event.accepted;
    } else if (event.type === 'rollback') {
      rolledBack += event.removed.length;
      tokens -= event.removed.length;
    }
  }
  return { tokens, ms, drafted, accepted, rolledBack, fallbacks, passes };
}

const share = (part: number, whole: number): number | undefined =>
  whole > 0 ? part / whole : undefined;
const rate = (tokens: number, ms: number): number | undefined =>
  tokens > 0 && ms > 0 ? (1000 * tokens) / ms : undefined;

/** The record without its undefined entries. */
function known<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

export const summary: (run: Run) => Summary = derived((run) => {
  const generated = generatedOf(run);
  const roles = rolesOf(run.experiment);
  const stats = generated?.stats;
  const counts: Counts = stats
    ? { ...stats, passes: passesOf(roles, stats) }
    : countsOf(run.events, drafts(run.experiment), roles);
  const { tokens, ms, drafted, accepted, rolledBack, fallbacks, passes } = counts;
  const guesses = drafted + fallbacks;
  const baseline = baselineOf(run);
  return known({
    tokens,
    ms,
    tokensPerSecond: rate(tokens, ms),
    passes,
    positions: stats && each(roles, (role) => stats[role]?.positions),
    drafted,
    accepted,
    rolledBack,
    fallbackShare: share(fallbacks, guesses),
    rollbackShare: share(rolledBack, drafted),
    bytesReadBack: stats?.bytesReadBack,
    baseline:
      baseline &&
      known({
        tokens: baseline.stats.tokens,
        ms: baseline.stats.ms,
        tokensPerSecond: rate(baseline.stats.tokens, baseline.stats.ms),
        passes: baseline.stats.large.passes,
        positions: baseline.stats.large.positions,
      }),
    measuredSpeedUp:
      baseline &&
      stats &&
      speedUp(
        { tokens, ms: baseline.timing.methodMs },
        { tokens: baseline.stats.tokens, ms: baseline.timing.largeMs },
      ),
    timingRounds: baseline?.timing.rounds,
    modelledSpeedUp: baseline && costModelSpeedUp({ tokens, passes, passMs: baseline.passMs }),
    agreement: baseline && generated && agreementOf(generated.tokens, baseline.tokens),
  }) as Summary;
});

/** Time per token of `alone` over time per token of `method`. */
export function speedUp(
  method: Pick<GenerationStats, 'tokens' | 'ms'>,
  alone: Pick<GenerationStats, 'tokens' | 'ms'>,
): number | undefined {
  const ratio = alone.ms / alone.tokens / (method.ms / method.tokens);
  return Number.isFinite(ratio) ? ratio : undefined;
}

export function agreementOf(
  own: readonly number[],
  other: readonly number[],
): Summary['agreement'] {
  let at = 0;
  while (at < own.length && at < other.length && own[at] === other[at]) at++;
  return at === own.length && at === other.length ? { same: true } : { same: false, at };
}
