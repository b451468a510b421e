// The layer rule of the house (docs/architecture.md): each room may import what stands in its row, and
// nothing else. A new room needs a row here.
const rooms = {
  core: [],
  kernels: ['core'],
  backend: ['core', 'kernels'],
  onnx: ['core'],
  autodiff: ['core', 'onnx'],
  anatomy: ['core', 'onnx'],
  models: ['core', 'backend', 'onnx', 'autodiff'],
  algorithms: ['core'],
  rewards: ['core'],
  tasks: ['core', 'rewards'],
  experiment: ['core', 'algorithms', 'tasks', 'rewards', 'models/manifest[.]ts'],
  store: ['core', 'experiment'],
  worker: [
    'core',
    'kernels',
    'backend',
    'onnx',
    'autodiff',
    'models',
    'anatomy',
    'algorithms',
    'tasks',
    'rewards',
    'experiment',
    'store',
  ],
  state: ['core', 'experiment', 'worker/(client|protocol|spectrumClient)[.]ts', 'store'],
  ui: ['core', 'experiment', 'state'],
};
/** Packages a room may use; others are closed to it. */
const packages = {
  core: [],
  kernels: [],
  backend: [],
  onnx: ['onnx-buf', '@bufbuild/protobuf'],
  autodiff: [],
  anatomy: ['ml-matrix', 'ml-pca'],
  models: [
    'onnxruntime-web',
    'onnxruntime-common',
    '@huggingface/tokenizers',
    '@huggingface/jinja',
  ],
  algorithms: [],
  rewards: ['re2js'],
  tasks: [],
  experiment: ['valibot'],
  store: ['@noble/hashes', 'client-zip', 'valibot'],
  worker: [],
  state: ['zustand'],
  ui: ['react', 'react-dom', 'recharts', 'katex', 'd3-hierarchy'],
};

const test = '[.]test[.]tsx?$';
const forbidden = [
  {
    name: 'no-circular',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    name: 'no-unresolved',
    severity: 'error',
    from: {},
    // Vite's ?url names a package's file, for which its exports hold no answer to an import.
    to: { couldNotResolve: true, pathNot: '^onnxruntime-web/.+[.]wasm[?]url$' },
  },
];
for (const [room, allowed] of Object.entries(rooms)) {
  const inside = [room, ...allowed].map((name) => (name.includes('[.]') ? `${name}$` : `${name}/`));
  if (room === 'kernels') inside.push('../shaders/');
  forbidden.push({
    name: `${room}-imports-only-its-row`,
    severity: 'error',
    from: { path: `^src/${room}/`, pathNot: test },
    to: {
      path: '^(src|shaders|cli|bench)/',
      pathNot: inside.map((p) => (p.startsWith('../') ? `^${p.slice(3)}` : `^src/${p}`)),
    },
  });
  forbidden.push({
    name: `${room}-packages`,
    severity: 'error',
    from: { path: `^src/${room}/`, pathNot: test },
    to: {
      path: 'node_modules',
      pathNot: packages[room]
        .map((name) => `node_modules/${name}(/|$)`)
        .concat('node_modules/@webgpu/types'),
    },
  });
}

module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
};
