// Types of install.mjs, which must run before there is a compiler.
export declare const root: string;
export declare function run(
  command: string,
  args: readonly string[],
  options?: Readonly<Record<string, unknown>>,
): number;
export declare function installPackages(): void;
/** Path of a Chromium or Chrome; installs one where it may, else ends the process with an explanation. */
export declare function findChromium(): Promise<string>;
