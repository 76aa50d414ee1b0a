/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What a product is.
 */
export type ProductKind = typeof ProductKind[keyof typeof ProductKind];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const ProductKind = {
  track: 'track',
  pack: 'pack',
  course: 'course',
  service: 'service',
} as const;
