/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { TimelineItem } from './timelineItem';

/**
 * Everything that happened to an order.
 */
export type Timeline = {
  /** Oldest first. */
  items: TimelineItem[];
};
