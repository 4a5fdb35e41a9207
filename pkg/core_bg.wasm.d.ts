/* tslint:disable */
/* eslint-disable */
export const memory: WebAssembly.Memory;
export const __wbg_transformer_free: (a: number, b: number) => void;
export const made: () => number;
export const outcomeCodes: () => [number, number, number];
export const room: () => number;
export const transform: (a: any, b: number, c: number) => [number, number, number];
export const transformer_evaluate: (a: number, b: any, c: number, d: number) => [number, number, number];
export const transformer_evaluateJson: (a: number, b: number, c: number, d: number, e: number) => [number, number];
export const transformer_explain: (a: number, b: any, c: number, d: number) => [number, number, number];
export const transformer_explainJson: (a: number, b: number, c: number, d: number, e: number) => [number, number];
export const transformer_lines: (a: number) => [number, number];
export const transformer_new: (a: any) => [number, number, number];
export const transformer_paths: (a: number) => any;
export const transformer_transform: (a: number, b: any, c: number, d: number) => [number, number, number];
export const transformer_transformBatch: (a: number, b: number, c: number, d: number, e: number, f: any) => [number, number, number];
export const transformer_transformJson: (a: number, b: number, c: number, d: number, e: number) => [number, number];
export const transformer_transformRoom: (a: number, b: number, c: number, d: number) => number;
export const transformer_transformRoomFields: (a: number, b: number, c: number, d: number, e: number) => number;
export const version: () => [number, number];
export const __wbindgen_malloc: (a: number, b: number) => number;
export const __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
export const __wbindgen_free: (a: number, b: number, c: number) => void;
export const __wbindgen_exn_store: (a: number) => void;
export const __externref_table_alloc: () => number;
export const __wbindgen_externrefs: WebAssembly.Table;
export const __externref_table_dealloc: (a: number) => void;
export const __wbindgen_start: () => void;
