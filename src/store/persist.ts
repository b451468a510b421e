// A browser that runs short of space clears what pages have stored, unless they have asked it not to. Workers may not
// ask, so this is for the page's own thread.

/** Some browsers put a question to the person, so ask when something is there that is worth it. */
export async function askToStay(): Promise<boolean> {
  const storage = globalThis.navigator?.storage;
  if (!storage?.persist) return false;
  try {
    return (await storage.persisted()) || (await storage.persist());
  } catch {
    return false;
  }
}
