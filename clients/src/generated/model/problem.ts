/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { FieldError } from './fieldError';

/**
 * A problem document (RFC 9457).
 */
export type Problem = {
  /** Names the kind of problem: `about:blank`, or a page that explains it. */
  type: string;
  /** The HTTP status in words. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What happened, for a person. */
  detail: string;
  /** What happened, as a stable word. */
  code: string;
  /** Names this request in the logs. */
  request_id: string;
  /** What is wrong with which field. */
  errors?: FieldError[];
  /** The order that the request has made, where it has made one. */
  order_id?: string;
  /** The refund that the request has made, where it has made one. */
  refund_id?: string;
  /** The plans that have what was asked for, with `plan_required`. */
  plans?: string[];
};
