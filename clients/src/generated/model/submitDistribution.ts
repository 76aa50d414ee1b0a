/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Platform } from './platform';

/**
 * What to send where.
 */
export type SubmitDistribution = {
  /** A product of mine, of kind `track` or `pack`. */
  product_id: string;
  /** Where to; each once. */
  platforms: Platform[];
};
