// Gold sentiment of a film review, computed from the grammar that reviews are made of: what a search is steered
// to and what a guide was tuned on can be measured exactly, without a classifier that could be fooled.

export const GOOD = 'superb gripping tender funny brilliant moving sharp warm'.split(' ');
export const BAD = 'dull clumsy tired flat hollow noisy bland slow'.split(' ');
export const ASPECTS = 'plot acting music ending dialogue pacing camera cast'.split(' ');
export const DEGREES = ['', 'very ', 'rather ', 'truly '] as const;
export const FEELINGS = { loved: 1, enjoyed: 1, hated: -1, regretted: -1 } as const;
export const JOINTS = [' and ', ' but '] as const;

const any = (words: readonly string[]) => `(?:${words.join('|')})`;
const WAS = new RegExp(
  `^the ${any(ASPECTS)} was (not )?${any(DEGREES)}(${[...GOOD, ...BAD].join('|')})$`,
);
const FELT = new RegExp(`^i (${Object.keys(FEELINGS).join('|')}) the ${any(ASPECTS)}$`);

/** 1 for praise, -1 for blame; undefined for what is not in the grammar. */
function clauseSentiment(clause: string): number | undefined {
  const was = WAS.exec(clause);
  if (was) return (GOOD.includes(was[2]!) ? 1 : -1) * (was[1] ? -1 : 1);
  const felt = FELT.exec(clause);
  return felt ? FEELINGS[felt[1] as keyof typeof FEELINGS] : undefined;
}

/**
 * Share of a review's clauses that praise, in [0, 1]. A clause outside the grammar praises nothing and counts like
 * blame, and so does an unfinished last sentence, so that gibberish and endless text are no way to a reward.
 */
export function sentiment(review: string): number {
  const sentences = review.trim().split('.');
  const rest = sentences.pop()!.trim();
  if (rest !== '') sentences.push(`${rest} (unfinished)`);
  const clauses = sentences.flatMap((sentence) => sentence.trim().split(/ and | but /));
  if (clauses.length === 0) return 0;
  return clauses.filter((clause) => clauseSentiment(clause) === 1).length / clauses.length;
}
