// The strictest reward: the completion is the answer, letter by letter.

/** 1 when `completion` without surrounding white space equals `answer`, else 0. */
export function exactMatch(completion: string, answer: string): number {
  return completion.trim() === answer.trim() ? 1 : 0;
}
