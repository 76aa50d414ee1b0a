/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Hold } from './hold';

/**
 * @nullable
 */
export type TransferHold = Hold | null;
