/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Submission } from './submission';

/**
 * A page of submissions.
 */
export type SubmissionPage = {
  /** Newest first. */
  items: Submission[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
