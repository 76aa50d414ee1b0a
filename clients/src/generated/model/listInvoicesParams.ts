/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

export type ListInvoicesParams = {
/**
 * Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
 */
limit?: number;
/**
 * `next_cursor` of the page before.
 */
cursor?: string;
};
