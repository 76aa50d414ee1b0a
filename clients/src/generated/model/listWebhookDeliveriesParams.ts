/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

export type ListWebhookDeliveriesParams = {
/**
 * Only deliveries whose signature was good, or was not.
 */
signature_valid?: boolean;
/**
 * Only this type, e.g. `payment_succeeded`.
 */
event_type?: string;
/**
 * Only results that begin with this; `error` finds all errors.
 */
result?: string;
/**
 * Only one sender's: `hyperswitch` or `stripe`.
 */
sender?: string;
/**
 * Only what came at or after this moment (RFC 3339).
 */
since?: string;
/**
 * Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
 */
limit?: number;
/**
 * `next_cursor` of the page before.
 */
cursor?: string;
};
