export const browserRuntime: { find: RegExp; replacement: string }[];
