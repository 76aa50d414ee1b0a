/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { ProductKind } from './productKind';

export type ListProductsParams = {
/**
 * Only this seller's.
 */
seller_id?: string;
/**
 * Only this kind.
 */
kind?: ProductKind;
/**
 * Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
 */
limit?: number;
/**
 * `next_cursor` of the page before.
 */
cursor?: string;
};
