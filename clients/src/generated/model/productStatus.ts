/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Whether a product can be bought.
 */
export type ProductStatus = typeof ProductStatus[keyof typeof ProductStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const ProductStatus = {
  draft: 'draft',
  published: 'published',
  archived: 'archived',
} as const;
