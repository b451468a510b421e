// Loaded on its own, after the page: see Tex.tsx.

import katex from 'katex';
import 'katex/dist/katex.min.css';

export const { render } = katex;
