/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  ChangeBody,
  InvoicePage,
  ListInvoicesParams,
  MySubscriptionView,
  PlanList,
  Problem,
  QuoteView,
  SubscribeBody,
  SubscribeHeaders,
  SubscriptionAnswer
} from '.././model';

import { http } from '../../http';

/**
 * @summary List the plans, with what they cost and allow.
 */
export type listPlansResponse200 = {
  data: PlanList
  status: 200
}

export type listPlansResponse400 = {
  data: Problem
  status: 400
}

export type listPlansResponse401 = {
  data: Problem
  status: 401
}

export type listPlansResponse403 = {
  data: Problem
  status: 403
}

export type listPlansResponse404 = {
  data: Problem
  status: 404
}

export type listPlansResponse409 = {
  data: Problem
  status: 409
}

export type listPlansResponse413 = {
  data: Problem
  status: 413
}

export type listPlansResponse415 = {
  data: Problem
  status: 415
}

export type listPlansResponse422 = {
  data: Problem
  status: 422
}

export type listPlansResponse429 = {
  data: Problem
  status: 429
}

export type listPlansResponse500 = {
  data: Problem
  status: 500
}

export type listPlansResponse502 = {
  data: Problem
  status: 502
}

export type listPlansResponse503 = {
  data: Problem
  status: 503
}
    
export type listPlansResponseSuccess = (listPlansResponse200) & {
  headers: Headers;
};
export type listPlansResponseError = (listPlansResponse400 | listPlansResponse401 | listPlansResponse403 | listPlansResponse404 | listPlansResponse409 | listPlansResponse413 | listPlansResponse415 | listPlansResponse422 | listPlansResponse429 | listPlansResponse500 | listPlansResponse502 | listPlansResponse503) & {
  headers: Headers;
};

export type listPlansResponse = (listPlansResponseSuccess | listPlansResponseError)

export const getListPlansUrl = () => {


  

  return `/api/v1/subscriptions/plans`
}

export const listPlans = async ( options?: RequestInit): Promise<listPlansResponse> => {
  
  return http<listPlansResponse>(getListPlansUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * A paid plan is `pending_payment` until the payment provider confirms its payment; until then it allows nothing. A plan with a trial
is `trialing` the first time. Choosing again what was begun goes on with it (200). 409 `already_subscribed` while a plan runs: change
it. 503 `payment_provider_required` without a payment provider: nothing was written.
 * @summary Choose a plan.
 */
export type subscribeResponse200 = {
  data: SubscriptionAnswer
  status: 200
}

export type subscribeResponse201 = {
  data: SubscriptionAnswer
  status: 201
}

export type subscribeResponse400 = {
  data: Problem
  status: 400
}

export type subscribeResponse401 = {
  data: Problem
  status: 401
}

export type subscribeResponse403 = {
  data: Problem
  status: 403
}

export type subscribeResponse404 = {
  data: Problem
  status: 404
}

export type subscribeResponse409 = {
  data: Problem
  status: 409
}

export type subscribeResponse413 = {
  data: Problem
  status: 413
}

export type subscribeResponse415 = {
  data: Problem
  status: 415
}

export type subscribeResponse422 = {
  data: Problem
  status: 422
}

export type subscribeResponse429 = {
  data: Problem
  status: 429
}

export type subscribeResponse500 = {
  data: Problem
  status: 500
}

export type subscribeResponse502 = {
  data: Problem
  status: 502
}

export type subscribeResponse503 = {
  data: Problem
  status: 503
}
    
export type subscribeResponseSuccess = (subscribeResponse200 | subscribeResponse201) & {
  headers: Headers;
};
export type subscribeResponseError = (subscribeResponse400 | subscribeResponse401 | subscribeResponse403 | subscribeResponse404 | subscribeResponse409 | subscribeResponse413 | subscribeResponse415 | subscribeResponse422 | subscribeResponse429 | subscribeResponse500 | subscribeResponse502 | subscribeResponse503) & {
  headers: Headers;
};

export type subscribeResponse = (subscribeResponseSuccess | subscribeResponseError)

export const getSubscribeUrl = () => {


  

  return `/api/v1/subscriptions/subscribe`
}

export const subscribe = async (subscribeBody: SubscribeBody,
    headers?: SubscribeHeaders, options?: RequestInit): Promise<subscribeResponse> => {
  
  return http<subscribeResponse>(getSubscribeUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8',...headers, ...options?.headers },
    body: JSON.stringify(
      subscribeBody,)
  }
);}


/**
 * 409 `subscription_not_pending` when nothing is to be paid any more.
 * @summary Go on with a payment that was begun, or pay a renewal that was not paid.
 */
export type completeSubscriptionResponse200 = {
  data: SubscriptionAnswer
  status: 200
}

export type completeSubscriptionResponse400 = {
  data: Problem
  status: 400
}

export type completeSubscriptionResponse401 = {
  data: Problem
  status: 401
}

export type completeSubscriptionResponse403 = {
  data: Problem
  status: 403
}

export type completeSubscriptionResponse404 = {
  data: Problem
  status: 404
}

export type completeSubscriptionResponse409 = {
  data: Problem
  status: 409
}

export type completeSubscriptionResponse413 = {
  data: Problem
  status: 413
}

export type completeSubscriptionResponse415 = {
  data: Problem
  status: 415
}

export type completeSubscriptionResponse422 = {
  data: Problem
  status: 422
}

export type completeSubscriptionResponse429 = {
  data: Problem
  status: 429
}

export type completeSubscriptionResponse500 = {
  data: Problem
  status: 500
}

export type completeSubscriptionResponse502 = {
  data: Problem
  status: 502
}

export type completeSubscriptionResponse503 = {
  data: Problem
  status: 503
}
    
export type completeSubscriptionResponseSuccess = (completeSubscriptionResponse200) & {
  headers: Headers;
};
export type completeSubscriptionResponseError = (completeSubscriptionResponse400 | completeSubscriptionResponse401 | completeSubscriptionResponse403 | completeSubscriptionResponse404 | completeSubscriptionResponse409 | completeSubscriptionResponse413 | completeSubscriptionResponse415 | completeSubscriptionResponse422 | completeSubscriptionResponse429 | completeSubscriptionResponse500 | completeSubscriptionResponse502 | completeSubscriptionResponse503) & {
  headers: Headers;
};

export type completeSubscriptionResponse = (completeSubscriptionResponseSuccess | completeSubscriptionResponseError)

export const getCompleteSubscriptionUrl = (id: string,) => {


  

  return `/api/v1/subscriptions/complete/${id}`
}

export const completeSubscription = async (id: string, options?: RequestInit): Promise<completeSubscriptionResponse> => {
  
  return http<completeSubscriptionResponse>(getCompleteSubscriptionUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * @summary Cancel my plan. What was paid, or the trial, goes on until it is over; nothing more is charged.
 */
export type cancelSubscriptionResponse200 = {
  data: SubscriptionAnswer
  status: 200
}

export type cancelSubscriptionResponse400 = {
  data: Problem
  status: 400
}

export type cancelSubscriptionResponse401 = {
  data: Problem
  status: 401
}

export type cancelSubscriptionResponse403 = {
  data: Problem
  status: 403
}

export type cancelSubscriptionResponse404 = {
  data: Problem
  status: 404
}

export type cancelSubscriptionResponse409 = {
  data: Problem
  status: 409
}

export type cancelSubscriptionResponse413 = {
  data: Problem
  status: 413
}

export type cancelSubscriptionResponse415 = {
  data: Problem
  status: 415
}

export type cancelSubscriptionResponse422 = {
  data: Problem
  status: 422
}

export type cancelSubscriptionResponse429 = {
  data: Problem
  status: 429
}

export type cancelSubscriptionResponse500 = {
  data: Problem
  status: 500
}

export type cancelSubscriptionResponse502 = {
  data: Problem
  status: 502
}

export type cancelSubscriptionResponse503 = {
  data: Problem
  status: 503
}
    
export type cancelSubscriptionResponseSuccess = (cancelSubscriptionResponse200) & {
  headers: Headers;
};
export type cancelSubscriptionResponseError = (cancelSubscriptionResponse400 | cancelSubscriptionResponse401 | cancelSubscriptionResponse403 | cancelSubscriptionResponse404 | cancelSubscriptionResponse409 | cancelSubscriptionResponse413 | cancelSubscriptionResponse415 | cancelSubscriptionResponse422 | cancelSubscriptionResponse429 | cancelSubscriptionResponse500 | cancelSubscriptionResponse502 | cancelSubscriptionResponse503) & {
  headers: Headers;
};

export type cancelSubscriptionResponse = (cancelSubscriptionResponseSuccess | cancelSubscriptionResponseError)

export const getCancelSubscriptionUrl = () => {


  

  return `/api/v1/subscriptions/cancel`
}

export const cancelSubscription = async ( options?: RequestInit): Promise<cancelSubscriptionResponse> => {
  
  return http<cancelSubscriptionResponse>(getCancelSubscriptionUrl(),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * @summary Take a cancellation back, while what was paid is not over.
 */
export type reactivateSubscriptionResponse200 = {
  data: SubscriptionAnswer
  status: 200
}

export type reactivateSubscriptionResponse400 = {
  data: Problem
  status: 400
}

export type reactivateSubscriptionResponse401 = {
  data: Problem
  status: 401
}

export type reactivateSubscriptionResponse403 = {
  data: Problem
  status: 403
}

export type reactivateSubscriptionResponse404 = {
  data: Problem
  status: 404
}

export type reactivateSubscriptionResponse409 = {
  data: Problem
  status: 409
}

export type reactivateSubscriptionResponse413 = {
  data: Problem
  status: 413
}

export type reactivateSubscriptionResponse415 = {
  data: Problem
  status: 415
}

export type reactivateSubscriptionResponse422 = {
  data: Problem
  status: 422
}

export type reactivateSubscriptionResponse429 = {
  data: Problem
  status: 429
}

export type reactivateSubscriptionResponse500 = {
  data: Problem
  status: 500
}

export type reactivateSubscriptionResponse502 = {
  data: Problem
  status: 502
}

export type reactivateSubscriptionResponse503 = {
  data: Problem
  status: 503
}
    
export type reactivateSubscriptionResponseSuccess = (reactivateSubscriptionResponse200) & {
  headers: Headers;
};
export type reactivateSubscriptionResponseError = (reactivateSubscriptionResponse400 | reactivateSubscriptionResponse401 | reactivateSubscriptionResponse403 | reactivateSubscriptionResponse404 | reactivateSubscriptionResponse409 | reactivateSubscriptionResponse413 | reactivateSubscriptionResponse415 | reactivateSubscriptionResponse422 | reactivateSubscriptionResponse429 | reactivateSubscriptionResponse500 | reactivateSubscriptionResponse502 | reactivateSubscriptionResponse503) & {
  headers: Headers;
};

export type reactivateSubscriptionResponse = (reactivateSubscriptionResponseSuccess | reactivateSubscriptionResponseError)

export const getReactivateSubscriptionUrl = () => {


  

  return `/api/v1/subscriptions/reactivate`
}

export const reactivateSubscription = async ( options?: RequestInit): Promise<reactivateSubscriptionResponse> => {
  
  return http<reactivateSubscriptionResponse>(getReactivateSubscriptionUrl(),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * A better plan of the same cycle comes at once: the unused part of what was paid is credited, the difference is to be paid, and the
plan changes when it is. Any other change comes when the period is over.
 * @summary Change my plan.
 */
export type changeSubscriptionResponse200 = {
  data: SubscriptionAnswer
  status: 200
}

export type changeSubscriptionResponse400 = {
  data: Problem
  status: 400
}

export type changeSubscriptionResponse401 = {
  data: Problem
  status: 401
}

export type changeSubscriptionResponse403 = {
  data: Problem
  status: 403
}

export type changeSubscriptionResponse404 = {
  data: Problem
  status: 404
}

export type changeSubscriptionResponse409 = {
  data: Problem
  status: 409
}

export type changeSubscriptionResponse413 = {
  data: Problem
  status: 413
}

export type changeSubscriptionResponse415 = {
  data: Problem
  status: 415
}

export type changeSubscriptionResponse422 = {
  data: Problem
  status: 422
}

export type changeSubscriptionResponse429 = {
  data: Problem
  status: 429
}

export type changeSubscriptionResponse500 = {
  data: Problem
  status: 500
}

export type changeSubscriptionResponse502 = {
  data: Problem
  status: 502
}

export type changeSubscriptionResponse503 = {
  data: Problem
  status: 503
}
    
export type changeSubscriptionResponseSuccess = (changeSubscriptionResponse200) & {
  headers: Headers;
};
export type changeSubscriptionResponseError = (changeSubscriptionResponse400 | changeSubscriptionResponse401 | changeSubscriptionResponse403 | changeSubscriptionResponse404 | changeSubscriptionResponse409 | changeSubscriptionResponse413 | changeSubscriptionResponse415 | changeSubscriptionResponse422 | changeSubscriptionResponse429 | changeSubscriptionResponse500 | changeSubscriptionResponse502 | changeSubscriptionResponse503) & {
  headers: Headers;
};

export type changeSubscriptionResponse = (changeSubscriptionResponseSuccess | changeSubscriptionResponseError)

export const getChangeSubscriptionUrl = () => {


  

  return `/api/v1/subscriptions/change`
}

export const changeSubscription = async (changeBody: ChangeBody, options?: RequestInit): Promise<changeSubscriptionResponse> => {
  
  return http<changeSubscriptionResponse>(getChangeSubscriptionUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      changeBody,)
  }
);}


/**
 * @summary Say what a change would cost, to the minor unit, and when it would take effect. Changes nothing.
 */
export type previewSubscriptionChangeResponse200 = {
  data: QuoteView
  status: 200
}

export type previewSubscriptionChangeResponse400 = {
  data: Problem
  status: 400
}

export type previewSubscriptionChangeResponse401 = {
  data: Problem
  status: 401
}

export type previewSubscriptionChangeResponse403 = {
  data: Problem
  status: 403
}

export type previewSubscriptionChangeResponse404 = {
  data: Problem
  status: 404
}

export type previewSubscriptionChangeResponse409 = {
  data: Problem
  status: 409
}

export type previewSubscriptionChangeResponse413 = {
  data: Problem
  status: 413
}

export type previewSubscriptionChangeResponse415 = {
  data: Problem
  status: 415
}

export type previewSubscriptionChangeResponse422 = {
  data: Problem
  status: 422
}

export type previewSubscriptionChangeResponse429 = {
  data: Problem
  status: 429
}

export type previewSubscriptionChangeResponse500 = {
  data: Problem
  status: 500
}

export type previewSubscriptionChangeResponse502 = {
  data: Problem
  status: 502
}

export type previewSubscriptionChangeResponse503 = {
  data: Problem
  status: 503
}
    
export type previewSubscriptionChangeResponseSuccess = (previewSubscriptionChangeResponse200) & {
  headers: Headers;
};
export type previewSubscriptionChangeResponseError = (previewSubscriptionChangeResponse400 | previewSubscriptionChangeResponse401 | previewSubscriptionChangeResponse403 | previewSubscriptionChangeResponse404 | previewSubscriptionChangeResponse409 | previewSubscriptionChangeResponse413 | previewSubscriptionChangeResponse415 | previewSubscriptionChangeResponse422 | previewSubscriptionChangeResponse429 | previewSubscriptionChangeResponse500 | previewSubscriptionChangeResponse502 | previewSubscriptionChangeResponse503) & {
  headers: Headers;
};

export type previewSubscriptionChangeResponse = (previewSubscriptionChangeResponseSuccess | previewSubscriptionChangeResponseError)

export const getPreviewSubscriptionChangeUrl = () => {


  

  return `/api/v1/subscriptions/change/preview`
}

export const previewSubscriptionChange = async (changeBody: ChangeBody, options?: RequestInit): Promise<previewSubscriptionChangeResponse> => {
  
  return http<previewSubscriptionChangeResponse>(getPreviewSubscriptionChangeUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      changeBody,)
  }
);}


/**
 * @summary Show my plan: the one in effect, or what stands in its way.
 */
export type getMySubscriptionResponse200 = {
  data: MySubscriptionView
  status: 200
}

export type getMySubscriptionResponse400 = {
  data: Problem
  status: 400
}

export type getMySubscriptionResponse401 = {
  data: Problem
  status: 401
}

export type getMySubscriptionResponse403 = {
  data: Problem
  status: 403
}

export type getMySubscriptionResponse404 = {
  data: Problem
  status: 404
}

export type getMySubscriptionResponse409 = {
  data: Problem
  status: 409
}

export type getMySubscriptionResponse413 = {
  data: Problem
  status: 413
}

export type getMySubscriptionResponse415 = {
  data: Problem
  status: 415
}

export type getMySubscriptionResponse422 = {
  data: Problem
  status: 422
}

export type getMySubscriptionResponse429 = {
  data: Problem
  status: 429
}

export type getMySubscriptionResponse500 = {
  data: Problem
  status: 500
}

export type getMySubscriptionResponse502 = {
  data: Problem
  status: 502
}

export type getMySubscriptionResponse503 = {
  data: Problem
  status: 503
}
    
export type getMySubscriptionResponseSuccess = (getMySubscriptionResponse200) & {
  headers: Headers;
};
export type getMySubscriptionResponseError = (getMySubscriptionResponse400 | getMySubscriptionResponse401 | getMySubscriptionResponse403 | getMySubscriptionResponse404 | getMySubscriptionResponse409 | getMySubscriptionResponse413 | getMySubscriptionResponse415 | getMySubscriptionResponse422 | getMySubscriptionResponse429 | getMySubscriptionResponse500 | getMySubscriptionResponse502 | getMySubscriptionResponse503) & {
  headers: Headers;
};

export type getMySubscriptionResponse = (getMySubscriptionResponseSuccess | getMySubscriptionResponseError)

export const getGetMySubscriptionUrl = () => {


  

  return `/api/v1/me/subscription`
}

export const getMySubscription = async ( options?: RequestInit): Promise<getMySubscriptionResponse> => {
  
  return http<getMySubscriptionResponse>(getGetMySubscriptionUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List my invoices, newest first.
 */
export type listInvoicesResponse200 = {
  data: InvoicePage
  status: 200
}

export type listInvoicesResponse400 = {
  data: Problem
  status: 400
}

export type listInvoicesResponse401 = {
  data: Problem
  status: 401
}

export type listInvoicesResponse403 = {
  data: Problem
  status: 403
}

export type listInvoicesResponse404 = {
  data: Problem
  status: 404
}

export type listInvoicesResponse409 = {
  data: Problem
  status: 409
}

export type listInvoicesResponse413 = {
  data: Problem
  status: 413
}

export type listInvoicesResponse415 = {
  data: Problem
  status: 415
}

export type listInvoicesResponse422 = {
  data: Problem
  status: 422
}

export type listInvoicesResponse429 = {
  data: Problem
  status: 429
}

export type listInvoicesResponse500 = {
  data: Problem
  status: 500
}

export type listInvoicesResponse502 = {
  data: Problem
  status: 502
}

export type listInvoicesResponse503 = {
  data: Problem
  status: 503
}
    
export type listInvoicesResponseSuccess = (listInvoicesResponse200) & {
  headers: Headers;
};
export type listInvoicesResponseError = (listInvoicesResponse400 | listInvoicesResponse401 | listInvoicesResponse403 | listInvoicesResponse404 | listInvoicesResponse409 | listInvoicesResponse413 | listInvoicesResponse415 | listInvoicesResponse422 | listInvoicesResponse429 | listInvoicesResponse500 | listInvoicesResponse502 | listInvoicesResponse503) & {
  headers: Headers;
};

export type listInvoicesResponse = (listInvoicesResponseSuccess | listInvoicesResponseError)

export const getListInvoicesUrl = (params?: ListInvoicesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/subscriptions/invoices?${stringifiedParams}` : `/api/v1/subscriptions/invoices`
}

export const listInvoices = async (params?: ListInvoicesParams, options?: RequestInit): Promise<listInvoicesResponse> => {
  
  return http<listInvoicesResponse>(getListInvoicesUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show one of my invoices as a page to print.
 */
export type getInvoicePageResponse200 = {
  data: string
  status: 200
}

export type getInvoicePageResponse400 = {
  data: Problem
  status: 400
}

export type getInvoicePageResponse401 = {
  data: Problem
  status: 401
}

export type getInvoicePageResponse403 = {
  data: Problem
  status: 403
}

export type getInvoicePageResponse404 = {
  data: Problem
  status: 404
}

export type getInvoicePageResponse409 = {
  data: Problem
  status: 409
}

export type getInvoicePageResponse413 = {
  data: Problem
  status: 413
}

export type getInvoicePageResponse415 = {
  data: Problem
  status: 415
}

export type getInvoicePageResponse422 = {
  data: Problem
  status: 422
}

export type getInvoicePageResponse429 = {
  data: Problem
  status: 429
}

export type getInvoicePageResponse500 = {
  data: Problem
  status: 500
}

export type getInvoicePageResponse502 = {
  data: Problem
  status: 502
}

export type getInvoicePageResponse503 = {
  data: Problem
  status: 503
}
    
export type getInvoicePageResponseSuccess = (getInvoicePageResponse200) & {
  headers: Headers;
};
export type getInvoicePageResponseError = (getInvoicePageResponse400 | getInvoicePageResponse401 | getInvoicePageResponse403 | getInvoicePageResponse404 | getInvoicePageResponse409 | getInvoicePageResponse413 | getInvoicePageResponse415 | getInvoicePageResponse422 | getInvoicePageResponse429 | getInvoicePageResponse500 | getInvoicePageResponse502 | getInvoicePageResponse503) & {
  headers: Headers;
};

export type getInvoicePageResponse = (getInvoicePageResponseSuccess | getInvoicePageResponseError)

export const getGetInvoicePageUrl = (id: string,) => {


  

  return `/api/v1/subscriptions/invoices/${id}/html`
}

export const getInvoicePage = async (id: string, options?: RequestInit): Promise<getInvoicePageResponse> => {
  
  return http<getInvoicePageResponse>(getGetInvoicePageUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show one of my invoices as a PDF file.
 */
export type getInvoicePdfResponse200 = {
  data: Blob
  status: 200
}

export type getInvoicePdfResponse400 = {
  data: Problem
  status: 400
}

export type getInvoicePdfResponse401 = {
  data: Problem
  status: 401
}

export type getInvoicePdfResponse403 = {
  data: Problem
  status: 403
}

export type getInvoicePdfResponse404 = {
  data: Problem
  status: 404
}

export type getInvoicePdfResponse409 = {
  data: Problem
  status: 409
}

export type getInvoicePdfResponse413 = {
  data: Problem
  status: 413
}

export type getInvoicePdfResponse415 = {
  data: Problem
  status: 415
}

export type getInvoicePdfResponse422 = {
  data: Problem
  status: 422
}

export type getInvoicePdfResponse429 = {
  data: Problem
  status: 429
}

export type getInvoicePdfResponse500 = {
  data: Problem
  status: 500
}

export type getInvoicePdfResponse502 = {
  data: Problem
  status: 502
}

export type getInvoicePdfResponse503 = {
  data: Problem
  status: 503
}
    
export type getInvoicePdfResponseSuccess = (getInvoicePdfResponse200) & {
  headers: Headers;
};
export type getInvoicePdfResponseError = (getInvoicePdfResponse400 | getInvoicePdfResponse401 | getInvoicePdfResponse403 | getInvoicePdfResponse404 | getInvoicePdfResponse409 | getInvoicePdfResponse413 | getInvoicePdfResponse415 | getInvoicePdfResponse422 | getInvoicePdfResponse429 | getInvoicePdfResponse500 | getInvoicePdfResponse502 | getInvoicePdfResponse503) & {
  headers: Headers;
};

export type getInvoicePdfResponse = (getInvoicePdfResponseSuccess | getInvoicePdfResponseError)

export const getGetInvoicePdfUrl = (id: string,) => {


  

  return `/api/v1/subscriptions/invoices/${id}/pdf`
}

export const getInvoicePdf = async (id: string, options?: RequestInit): Promise<getInvoicePdfResponse> => {
  
  return http<getInvoicePdfResponse>(getGetInvoicePdfUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


