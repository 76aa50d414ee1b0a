/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  ActionPage,
  AttentionPage,
  Audit,
  AuditPage,
  BookLossBody,
  DeliveryAnswer,
  DeliveryPage,
  DifferencePage,
  Dispute,
  DisputePage,
  LedgerBalances,
  ListAdminActionsParams,
  ListAllOrdersParams,
  ListAllRefundsParams,
  ListAllTransfersParams,
  ListAttentionParams,
  ListAuditDifferencesParams,
  ListAuditsParams,
  ListDisputesParams,
  ListWebhookDeliveriesParams,
  NoteBody,
  OrderPage,
  Problem,
  ReconcileReport,
  RefundPage,
  ResolveBody,
  Reversal,
  StartAudit,
  Timeline,
  Transfer,
  TransferPage,
  WebhookDelivery
} from '.././model';

import { http } from '../../http';

/**
 * @summary List what waits on a person, oldest first, each with a reason and a proposed action.
 */
export type listAttentionResponse200 = {
  data: AttentionPage
  status: 200
}

export type listAttentionResponse400 = {
  data: Problem
  status: 400
}

export type listAttentionResponse401 = {
  data: Problem
  status: 401
}

export type listAttentionResponse403 = {
  data: Problem
  status: 403
}

export type listAttentionResponse404 = {
  data: Problem
  status: 404
}

export type listAttentionResponse409 = {
  data: Problem
  status: 409
}

export type listAttentionResponse413 = {
  data: Problem
  status: 413
}

export type listAttentionResponse415 = {
  data: Problem
  status: 415
}

export type listAttentionResponse422 = {
  data: Problem
  status: 422
}

export type listAttentionResponse429 = {
  data: Problem
  status: 429
}

export type listAttentionResponse500 = {
  data: Problem
  status: 500
}

export type listAttentionResponse502 = {
  data: Problem
  status: 502
}

export type listAttentionResponse503 = {
  data: Problem
  status: 503
}
    
export type listAttentionResponseSuccess = (listAttentionResponse200) & {
  headers: Headers;
};
export type listAttentionResponseError = (listAttentionResponse400 | listAttentionResponse401 | listAttentionResponse403 | listAttentionResponse404 | listAttentionResponse409 | listAttentionResponse413 | listAttentionResponse415 | listAttentionResponse422 | listAttentionResponse429 | listAttentionResponse500 | listAttentionResponse502 | listAttentionResponse503) & {
  headers: Headers;
};

export type listAttentionResponse = (listAttentionResponseSuccess | listAttentionResponseError)

export const getListAttentionUrl = (params?: ListAttentionParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/attention?${stringifiedParams}` : `/api/v1/admin/attention`
}

export const listAttention = async (params?: ListAttentionParams, options?: RequestInit): Promise<listAttentionResponse> => {
  
  return http<listAttentionResponse>(getListAttentionUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Take an entry off the list of what waits on a person. The audit log keeps it.
 */
export type resolveAttentionResponse204 = {
  data: void
  status: 204
}

export type resolveAttentionResponse400 = {
  data: Problem
  status: 400
}

export type resolveAttentionResponse401 = {
  data: Problem
  status: 401
}

export type resolveAttentionResponse403 = {
  data: Problem
  status: 403
}

export type resolveAttentionResponse404 = {
  data: Problem
  status: 404
}

export type resolveAttentionResponse409 = {
  data: Problem
  status: 409
}

export type resolveAttentionResponse413 = {
  data: Problem
  status: 413
}

export type resolveAttentionResponse415 = {
  data: Problem
  status: 415
}

export type resolveAttentionResponse422 = {
  data: Problem
  status: 422
}

export type resolveAttentionResponse429 = {
  data: Problem
  status: 429
}

export type resolveAttentionResponse500 = {
  data: Problem
  status: 500
}

export type resolveAttentionResponse502 = {
  data: Problem
  status: 502
}

export type resolveAttentionResponse503 = {
  data: Problem
  status: 503
}
    
export type resolveAttentionResponseSuccess = (resolveAttentionResponse204) & {
  headers: Headers;
};
export type resolveAttentionResponseError = (resolveAttentionResponse400 | resolveAttentionResponse401 | resolveAttentionResponse403 | resolveAttentionResponse404 | resolveAttentionResponse409 | resolveAttentionResponse413 | resolveAttentionResponse415 | resolveAttentionResponse422 | resolveAttentionResponse429 | resolveAttentionResponse500 | resolveAttentionResponse502 | resolveAttentionResponse503) & {
  headers: Headers;
};

export type resolveAttentionResponse = (resolveAttentionResponseSuccess | resolveAttentionResponseError)

export const getResolveAttentionUrl = (id: string,
    _class: string,) => {


  

  return `/api/v1/admin/attention/${id}/${_class}/resolve`
}

export const resolveAttention = async (id: string,
    _class: string,
    resolveBody: ResolveBody, options?: RequestInit): Promise<resolveAttentionResponse> => {
  
  return http<resolveAttentionResponse>(getResolveAttentionUrl(id,_class),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      resolveBody,)
  }
);}


/**
 * A worker runs it in batches, so the length of the period costs time and no memory; its progress and what it finds are read at
its id meanwhile. One runs at a time: 409 `audit_running` names the one that does.
 * @summary Compare our books with the providers', for a period.
 */
export type startAuditResponse202 = {
  data: Audit
  status: 202
}

export type startAuditResponse400 = {
  data: Problem
  status: 400
}

export type startAuditResponse401 = {
  data: Problem
  status: 401
}

export type startAuditResponse403 = {
  data: Problem
  status: 403
}

export type startAuditResponse404 = {
  data: Problem
  status: 404
}

export type startAuditResponse409 = {
  data: Problem
  status: 409
}

export type startAuditResponse413 = {
  data: Problem
  status: 413
}

export type startAuditResponse415 = {
  data: Problem
  status: 415
}

export type startAuditResponse422 = {
  data: Problem
  status: 422
}

export type startAuditResponse429 = {
  data: Problem
  status: 429
}

export type startAuditResponse500 = {
  data: Problem
  status: 500
}

export type startAuditResponse502 = {
  data: Problem
  status: 502
}

export type startAuditResponse503 = {
  data: Problem
  status: 503
}
    
export type startAuditResponseSuccess = (startAuditResponse202) & {
  headers: Headers;
};
export type startAuditResponseError = (startAuditResponse400 | startAuditResponse401 | startAuditResponse403 | startAuditResponse404 | startAuditResponse409 | startAuditResponse413 | startAuditResponse415 | startAuditResponse422 | startAuditResponse429 | startAuditResponse500 | startAuditResponse502 | startAuditResponse503) & {
  headers: Headers;
};

export type startAuditResponse = (startAuditResponseSuccess | startAuditResponseError)

export const getStartAuditUrl = () => {


  

  return `/api/v1/admin/audits`
}

export const startAudit = async (startAudit: StartAudit, options?: RequestInit): Promise<startAuditResponse> => {
  
  return http<startAuditResponse>(getStartAuditUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      startAudit,)
  }
);}


/**
 * @summary List audits, newest first.
 */
export type listAuditsResponse200 = {
  data: AuditPage
  status: 200
}

export type listAuditsResponse400 = {
  data: Problem
  status: 400
}

export type listAuditsResponse401 = {
  data: Problem
  status: 401
}

export type listAuditsResponse403 = {
  data: Problem
  status: 403
}

export type listAuditsResponse404 = {
  data: Problem
  status: 404
}

export type listAuditsResponse409 = {
  data: Problem
  status: 409
}

export type listAuditsResponse413 = {
  data: Problem
  status: 413
}

export type listAuditsResponse415 = {
  data: Problem
  status: 415
}

export type listAuditsResponse422 = {
  data: Problem
  status: 422
}

export type listAuditsResponse429 = {
  data: Problem
  status: 429
}

export type listAuditsResponse500 = {
  data: Problem
  status: 500
}

export type listAuditsResponse502 = {
  data: Problem
  status: 502
}

export type listAuditsResponse503 = {
  data: Problem
  status: 503
}
    
export type listAuditsResponseSuccess = (listAuditsResponse200) & {
  headers: Headers;
};
export type listAuditsResponseError = (listAuditsResponse400 | listAuditsResponse401 | listAuditsResponse403 | listAuditsResponse404 | listAuditsResponse409 | listAuditsResponse413 | listAuditsResponse415 | listAuditsResponse422 | listAuditsResponse429 | listAuditsResponse500 | listAuditsResponse502 | listAuditsResponse503) & {
  headers: Headers;
};

export type listAuditsResponse = (listAuditsResponseSuccess | listAuditsResponseError)

export const getListAuditsUrl = (params?: ListAuditsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/audits?${stringifiedParams}` : `/api/v1/admin/audits`
}

export const listAudits = async (params?: ListAuditsParams, options?: RequestInit): Promise<listAuditsResponse> => {
  
  return http<listAuditsResponse>(getListAuditsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Read how far an audit is, and how it ended.
 */
export type getAuditResponse200 = {
  data: Audit
  status: 200
}

export type getAuditResponse400 = {
  data: Problem
  status: 400
}

export type getAuditResponse401 = {
  data: Problem
  status: 401
}

export type getAuditResponse403 = {
  data: Problem
  status: 403
}

export type getAuditResponse404 = {
  data: Problem
  status: 404
}

export type getAuditResponse409 = {
  data: Problem
  status: 409
}

export type getAuditResponse413 = {
  data: Problem
  status: 413
}

export type getAuditResponse415 = {
  data: Problem
  status: 415
}

export type getAuditResponse422 = {
  data: Problem
  status: 422
}

export type getAuditResponse429 = {
  data: Problem
  status: 429
}

export type getAuditResponse500 = {
  data: Problem
  status: 500
}

export type getAuditResponse502 = {
  data: Problem
  status: 502
}

export type getAuditResponse503 = {
  data: Problem
  status: 503
}
    
export type getAuditResponseSuccess = (getAuditResponse200) & {
  headers: Headers;
};
export type getAuditResponseError = (getAuditResponse400 | getAuditResponse401 | getAuditResponse403 | getAuditResponse404 | getAuditResponse409 | getAuditResponse413 | getAuditResponse415 | getAuditResponse422 | getAuditResponse429 | getAuditResponse500 | getAuditResponse502 | getAuditResponse503) & {
  headers: Headers;
};

export type getAuditResponse = (getAuditResponseSuccess | getAuditResponseError)

export const getGetAuditUrl = (id: string,) => {


  

  return `/api/v1/admin/audits/${id}`
}

export const getAudit = async (id: string, options?: RequestInit): Promise<getAuditResponse> => {
  
  return http<getAuditResponse>(getGetAuditUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List what an audit has found (so far), each difference with what to do about it.
 */
export type listAuditDifferencesResponse200 = {
  data: DifferencePage
  status: 200
}

export type listAuditDifferencesResponse400 = {
  data: Problem
  status: 400
}

export type listAuditDifferencesResponse401 = {
  data: Problem
  status: 401
}

export type listAuditDifferencesResponse403 = {
  data: Problem
  status: 403
}

export type listAuditDifferencesResponse404 = {
  data: Problem
  status: 404
}

export type listAuditDifferencesResponse409 = {
  data: Problem
  status: 409
}

export type listAuditDifferencesResponse413 = {
  data: Problem
  status: 413
}

export type listAuditDifferencesResponse415 = {
  data: Problem
  status: 415
}

export type listAuditDifferencesResponse422 = {
  data: Problem
  status: 422
}

export type listAuditDifferencesResponse429 = {
  data: Problem
  status: 429
}

export type listAuditDifferencesResponse500 = {
  data: Problem
  status: 500
}

export type listAuditDifferencesResponse502 = {
  data: Problem
  status: 502
}

export type listAuditDifferencesResponse503 = {
  data: Problem
  status: 503
}
    
export type listAuditDifferencesResponseSuccess = (listAuditDifferencesResponse200) & {
  headers: Headers;
};
export type listAuditDifferencesResponseError = (listAuditDifferencesResponse400 | listAuditDifferencesResponse401 | listAuditDifferencesResponse403 | listAuditDifferencesResponse404 | listAuditDifferencesResponse409 | listAuditDifferencesResponse413 | listAuditDifferencesResponse415 | listAuditDifferencesResponse422 | listAuditDifferencesResponse429 | listAuditDifferencesResponse500 | listAuditDifferencesResponse502 | listAuditDifferencesResponse503) & {
  headers: Headers;
};

export type listAuditDifferencesResponse = (listAuditDifferencesResponseSuccess | listAuditDifferencesResponseError)

export const getListAuditDifferencesUrl = (id: string,
    params?: ListAuditDifferencesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/audits/${id}/differences?${stringifiedParams}` : `/api/v1/admin/audits/${id}/differences`
}

export const listAuditDifferences = async (id: string,
    params?: ListAuditDifferencesParams, options?: RequestInit): Promise<listAuditDifferencesResponse> => {
  
  return http<listAuditDifferencesResponse>(getListAuditDifferencesUrl(id,params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Stop an audit; what it has found so far is kept.
 */
export type stopAuditResponse200 = {
  data: Audit
  status: 200
}

export type stopAuditResponse400 = {
  data: Problem
  status: 400
}

export type stopAuditResponse401 = {
  data: Problem
  status: 401
}

export type stopAuditResponse403 = {
  data: Problem
  status: 403
}

export type stopAuditResponse404 = {
  data: Problem
  status: 404
}

export type stopAuditResponse409 = {
  data: Problem
  status: 409
}

export type stopAuditResponse413 = {
  data: Problem
  status: 413
}

export type stopAuditResponse415 = {
  data: Problem
  status: 415
}

export type stopAuditResponse422 = {
  data: Problem
  status: 422
}

export type stopAuditResponse429 = {
  data: Problem
  status: 429
}

export type stopAuditResponse500 = {
  data: Problem
  status: 500
}

export type stopAuditResponse502 = {
  data: Problem
  status: 502
}

export type stopAuditResponse503 = {
  data: Problem
  status: 503
}
    
export type stopAuditResponseSuccess = (stopAuditResponse200) & {
  headers: Headers;
};
export type stopAuditResponseError = (stopAuditResponse400 | stopAuditResponse401 | stopAuditResponse403 | stopAuditResponse404 | stopAuditResponse409 | stopAuditResponse413 | stopAuditResponse415 | stopAuditResponse422 | stopAuditResponse429 | stopAuditResponse500 | stopAuditResponse502 | stopAuditResponse503) & {
  headers: Headers;
};

export type stopAuditResponse = (stopAuditResponseSuccess | stopAuditResponseError)

export const getStopAuditUrl = (id: string,) => {


  

  return `/api/v1/admin/audits/${id}/stop`
}

export const stopAudit = async (id: string, options?: RequestInit): Promise<stopAuditResponse> => {
  
  return http<stopAuditResponse>(getStopAuditUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * Every delivery within the size limit has one row, whatever came of it.
 * @summary Search the webhook log, newest first.
 */
export type listWebhookDeliveriesResponse200 = {
  data: DeliveryPage
  status: 200
}

export type listWebhookDeliveriesResponse400 = {
  data: Problem
  status: 400
}

export type listWebhookDeliveriesResponse401 = {
  data: Problem
  status: 401
}

export type listWebhookDeliveriesResponse403 = {
  data: Problem
  status: 403
}

export type listWebhookDeliveriesResponse404 = {
  data: Problem
  status: 404
}

export type listWebhookDeliveriesResponse409 = {
  data: Problem
  status: 409
}

export type listWebhookDeliveriesResponse413 = {
  data: Problem
  status: 413
}

export type listWebhookDeliveriesResponse415 = {
  data: Problem
  status: 415
}

export type listWebhookDeliveriesResponse422 = {
  data: Problem
  status: 422
}

export type listWebhookDeliveriesResponse429 = {
  data: Problem
  status: 429
}

export type listWebhookDeliveriesResponse500 = {
  data: Problem
  status: 500
}

export type listWebhookDeliveriesResponse502 = {
  data: Problem
  status: 502
}

export type listWebhookDeliveriesResponse503 = {
  data: Problem
  status: 503
}
    
export type listWebhookDeliveriesResponseSuccess = (listWebhookDeliveriesResponse200) & {
  headers: Headers;
};
export type listWebhookDeliveriesResponseError = (listWebhookDeliveriesResponse400 | listWebhookDeliveriesResponse401 | listWebhookDeliveriesResponse403 | listWebhookDeliveriesResponse404 | listWebhookDeliveriesResponse409 | listWebhookDeliveriesResponse413 | listWebhookDeliveriesResponse415 | listWebhookDeliveriesResponse422 | listWebhookDeliveriesResponse429 | listWebhookDeliveriesResponse500 | listWebhookDeliveriesResponse502 | listWebhookDeliveriesResponse503) & {
  headers: Headers;
};

export type listWebhookDeliveriesResponse = (listWebhookDeliveriesResponseSuccess | listWebhookDeliveriesResponseError)

export const getListWebhookDeliveriesUrl = (params?: ListWebhookDeliveriesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/webhooks?${stringifiedParams}` : `/api/v1/admin/webhooks`
}

export const listWebhookDeliveries = async (params?: ListWebhookDeliveriesParams, options?: RequestInit): Promise<listWebhookDeliveriesResponse> => {
  
  return http<listWebhookDeliveriesResponse>(getListWebhookDeliveriesUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show one delivery of the webhook log.
 */
export type getWebhookDeliveryResponse200 = {
  data: WebhookDelivery
  status: 200
}

export type getWebhookDeliveryResponse400 = {
  data: Problem
  status: 400
}

export type getWebhookDeliveryResponse401 = {
  data: Problem
  status: 401
}

export type getWebhookDeliveryResponse403 = {
  data: Problem
  status: 403
}

export type getWebhookDeliveryResponse404 = {
  data: Problem
  status: 404
}

export type getWebhookDeliveryResponse409 = {
  data: Problem
  status: 409
}

export type getWebhookDeliveryResponse413 = {
  data: Problem
  status: 413
}

export type getWebhookDeliveryResponse415 = {
  data: Problem
  status: 415
}

export type getWebhookDeliveryResponse422 = {
  data: Problem
  status: 422
}

export type getWebhookDeliveryResponse429 = {
  data: Problem
  status: 429
}

export type getWebhookDeliveryResponse500 = {
  data: Problem
  status: 500
}

export type getWebhookDeliveryResponse502 = {
  data: Problem
  status: 502
}

export type getWebhookDeliveryResponse503 = {
  data: Problem
  status: 503
}
    
export type getWebhookDeliveryResponseSuccess = (getWebhookDeliveryResponse200) & {
  headers: Headers;
};
export type getWebhookDeliveryResponseError = (getWebhookDeliveryResponse400 | getWebhookDeliveryResponse401 | getWebhookDeliveryResponse403 | getWebhookDeliveryResponse404 | getWebhookDeliveryResponse409 | getWebhookDeliveryResponse413 | getWebhookDeliveryResponse415 | getWebhookDeliveryResponse422 | getWebhookDeliveryResponse429 | getWebhookDeliveryResponse500 | getWebhookDeliveryResponse502 | getWebhookDeliveryResponse503) & {
  headers: Headers;
};

export type getWebhookDeliveryResponse = (getWebhookDeliveryResponseSuccess | getWebhookDeliveryResponseError)

export const getGetWebhookDeliveryUrl = (id: string,) => {


  

  return `/api/v1/admin/webhooks/${id}`
}

export const getWebhookDelivery = async (id: string, options?: RequestInit): Promise<getWebhookDeliveryResponse> => {
  
  return http<getWebhookDeliveryResponse>(getGetWebhookDeliveryUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * What was settled changes nothing. A delivery whose signature was not valid can't be replayed.
 * @summary Bring a delivery again, through the dispatcher it came through.
 */
export type replayWebhookDeliveryResponse200 = {
  data: DeliveryAnswer
  status: 200
}

export type replayWebhookDeliveryResponse400 = {
  data: Problem
  status: 400
}

export type replayWebhookDeliveryResponse401 = {
  data: Problem
  status: 401
}

export type replayWebhookDeliveryResponse403 = {
  data: Problem
  status: 403
}

export type replayWebhookDeliveryResponse404 = {
  data: Problem
  status: 404
}

export type replayWebhookDeliveryResponse409 = {
  data: Problem
  status: 409
}

export type replayWebhookDeliveryResponse413 = {
  data: Problem
  status: 413
}

export type replayWebhookDeliveryResponse415 = {
  data: Problem
  status: 415
}

export type replayWebhookDeliveryResponse422 = {
  data: Problem
  status: 422
}

export type replayWebhookDeliveryResponse429 = {
  data: Problem
  status: 429
}

export type replayWebhookDeliveryResponse500 = {
  data: Problem
  status: 500
}

export type replayWebhookDeliveryResponse502 = {
  data: Problem
  status: 502
}

export type replayWebhookDeliveryResponse503 = {
  data: Problem
  status: 503
}
    
export type replayWebhookDeliveryResponseSuccess = (replayWebhookDeliveryResponse200) & {
  headers: Headers;
};
export type replayWebhookDeliveryResponseError = (replayWebhookDeliveryResponse400 | replayWebhookDeliveryResponse401 | replayWebhookDeliveryResponse403 | replayWebhookDeliveryResponse404 | replayWebhookDeliveryResponse409 | replayWebhookDeliveryResponse413 | replayWebhookDeliveryResponse415 | replayWebhookDeliveryResponse422 | replayWebhookDeliveryResponse429 | replayWebhookDeliveryResponse500 | replayWebhookDeliveryResponse502 | replayWebhookDeliveryResponse503) & {
  headers: Headers;
};

export type replayWebhookDeliveryResponse = (replayWebhookDeliveryResponseSuccess | replayWebhookDeliveryResponseError)

export const getReplayWebhookDeliveryUrl = (id: string,) => {


  

  return `/api/v1/admin/webhooks/${id}/replay`
}

export const replayWebhookDelivery = async (id: string, options?: RequestInit): Promise<replayWebhookDeliveryResponse> => {
  
  return http<replayWebhookDeliveryResponse>(getReplayWebhookDeliveryUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * @summary Show the balance of every account of the ledger.
 */
export type getLedgerBalancesResponse200 = {
  data: LedgerBalances
  status: 200
}

export type getLedgerBalancesResponse400 = {
  data: Problem
  status: 400
}

export type getLedgerBalancesResponse401 = {
  data: Problem
  status: 401
}

export type getLedgerBalancesResponse403 = {
  data: Problem
  status: 403
}

export type getLedgerBalancesResponse404 = {
  data: Problem
  status: 404
}

export type getLedgerBalancesResponse409 = {
  data: Problem
  status: 409
}

export type getLedgerBalancesResponse413 = {
  data: Problem
  status: 413
}

export type getLedgerBalancesResponse415 = {
  data: Problem
  status: 415
}

export type getLedgerBalancesResponse422 = {
  data: Problem
  status: 422
}

export type getLedgerBalancesResponse429 = {
  data: Problem
  status: 429
}

export type getLedgerBalancesResponse500 = {
  data: Problem
  status: 500
}

export type getLedgerBalancesResponse502 = {
  data: Problem
  status: 502
}

export type getLedgerBalancesResponse503 = {
  data: Problem
  status: 503
}
    
export type getLedgerBalancesResponseSuccess = (getLedgerBalancesResponse200) & {
  headers: Headers;
};
export type getLedgerBalancesResponseError = (getLedgerBalancesResponse400 | getLedgerBalancesResponse401 | getLedgerBalancesResponse403 | getLedgerBalancesResponse404 | getLedgerBalancesResponse409 | getLedgerBalancesResponse413 | getLedgerBalancesResponse415 | getLedgerBalancesResponse422 | getLedgerBalancesResponse429 | getLedgerBalancesResponse500 | getLedgerBalancesResponse502 | getLedgerBalancesResponse503) & {
  headers: Headers;
};

export type getLedgerBalancesResponse = (getLedgerBalancesResponseSuccess | getLedgerBalancesResponseError)

export const getGetLedgerBalancesUrl = () => {


  

  return `/api/v1/admin/ledger`
}

export const getLedgerBalances = async ( options?: RequestInit): Promise<getLedgerBalancesResponse> => {
  
  return http<getLedgerBalancesResponse>(getGetLedgerBalancesUrl(),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List all transfers, newest first, each with what was taken back of it.
 */
export type listAllTransfersResponse200 = {
  data: TransferPage
  status: 200
}

export type listAllTransfersResponse400 = {
  data: Problem
  status: 400
}

export type listAllTransfersResponse401 = {
  data: Problem
  status: 401
}

export type listAllTransfersResponse403 = {
  data: Problem
  status: 403
}

export type listAllTransfersResponse404 = {
  data: Problem
  status: 404
}

export type listAllTransfersResponse409 = {
  data: Problem
  status: 409
}

export type listAllTransfersResponse413 = {
  data: Problem
  status: 413
}

export type listAllTransfersResponse415 = {
  data: Problem
  status: 415
}

export type listAllTransfersResponse422 = {
  data: Problem
  status: 422
}

export type listAllTransfersResponse429 = {
  data: Problem
  status: 429
}

export type listAllTransfersResponse500 = {
  data: Problem
  status: 500
}

export type listAllTransfersResponse502 = {
  data: Problem
  status: 502
}

export type listAllTransfersResponse503 = {
  data: Problem
  status: 503
}
    
export type listAllTransfersResponseSuccess = (listAllTransfersResponse200) & {
  headers: Headers;
};
export type listAllTransfersResponseError = (listAllTransfersResponse400 | listAllTransfersResponse401 | listAllTransfersResponse403 | listAllTransfersResponse404 | listAllTransfersResponse409 | listAllTransfersResponse413 | listAllTransfersResponse415 | listAllTransfersResponse422 | listAllTransfersResponse429 | listAllTransfersResponse500 | listAllTransfersResponse502 | listAllTransfersResponse503) & {
  headers: Headers;
};

export type listAllTransfersResponse = (listAllTransfersResponseSuccess | listAllTransfersResponseError)

export const getListAllTransfersUrl = (params?: ListAllTransfersParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/transfers?${stringifiedParams}` : `/api/v1/admin/transfers`
}

export const listAllTransfers = async (params?: ListAllTransfersParams, options?: RequestInit): Promise<listAllTransfersResponse> => {
  
  return http<listAllTransfersResponse>(getListAllTransfersUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Try a refused transfer again at once, with a fresh budget of retries.
 */
export type retryTransferResponse200 = {
  data: Transfer
  status: 200
}

export type retryTransferResponse400 = {
  data: Problem
  status: 400
}

export type retryTransferResponse401 = {
  data: Problem
  status: 401
}

export type retryTransferResponse403 = {
  data: Problem
  status: 403
}

export type retryTransferResponse404 = {
  data: Problem
  status: 404
}

export type retryTransferResponse409 = {
  data: Problem
  status: 409
}

export type retryTransferResponse413 = {
  data: Problem
  status: 413
}

export type retryTransferResponse415 = {
  data: Problem
  status: 415
}

export type retryTransferResponse422 = {
  data: Problem
  status: 422
}

export type retryTransferResponse429 = {
  data: Problem
  status: 429
}

export type retryTransferResponse500 = {
  data: Problem
  status: 500
}

export type retryTransferResponse502 = {
  data: Problem
  status: 502
}

export type retryTransferResponse503 = {
  data: Problem
  status: 503
}
    
export type retryTransferResponseSuccess = (retryTransferResponse200) & {
  headers: Headers;
};
export type retryTransferResponseError = (retryTransferResponse400 | retryTransferResponse401 | retryTransferResponse403 | retryTransferResponse404 | retryTransferResponse409 | retryTransferResponse413 | retryTransferResponse415 | retryTransferResponse422 | retryTransferResponse429 | retryTransferResponse500 | retryTransferResponse502 | retryTransferResponse503) & {
  headers: Headers;
};

export type retryTransferResponse = (retryTransferResponseSuccess | retryTransferResponseError)

export const getRetryTransferUrl = (id: string,) => {


  

  return `/api/v1/admin/transfers/${id}/retry`
}

export const retryTransfer = async (id: string, options?: RequestInit): Promise<retryTransferResponse> => {
  
  return http<retryTransferResponse>(getRetryTransferUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * Only after Connect was asked and has none for it. The answer is the new transfer.
 * @summary Pay a share by a new transfer, in the place of one that was given up or was taken back at Connect.
 */
export type replaceTransferResponse200 = {
  data: Transfer
  status: 200
}

export type replaceTransferResponse400 = {
  data: Problem
  status: 400
}

export type replaceTransferResponse401 = {
  data: Problem
  status: 401
}

export type replaceTransferResponse403 = {
  data: Problem
  status: 403
}

export type replaceTransferResponse404 = {
  data: Problem
  status: 404
}

export type replaceTransferResponse409 = {
  data: Problem
  status: 409
}

export type replaceTransferResponse413 = {
  data: Problem
  status: 413
}

export type replaceTransferResponse415 = {
  data: Problem
  status: 415
}

export type replaceTransferResponse422 = {
  data: Problem
  status: 422
}

export type replaceTransferResponse429 = {
  data: Problem
  status: 429
}

export type replaceTransferResponse500 = {
  data: Problem
  status: 500
}

export type replaceTransferResponse502 = {
  data: Problem
  status: 502
}

export type replaceTransferResponse503 = {
  data: Problem
  status: 503
}
    
export type replaceTransferResponseSuccess = (replaceTransferResponse200) & {
  headers: Headers;
};
export type replaceTransferResponseError = (replaceTransferResponse400 | replaceTransferResponse401 | replaceTransferResponse403 | replaceTransferResponse404 | replaceTransferResponse409 | replaceTransferResponse413 | replaceTransferResponse415 | replaceTransferResponse422 | replaceTransferResponse429 | replaceTransferResponse500 | replaceTransferResponse502 | replaceTransferResponse503) & {
  headers: Headers;
};

export type replaceTransferResponse = (replaceTransferResponseSuccess | replaceTransferResponseError)

export const getReplaceTransferUrl = (id: string,) => {


  

  return `/api/v1/admin/transfers/${id}/replace`
}

export const replaceTransfer = async (id: string, options?: RequestInit): Promise<replaceTransferResponse> => {
  
  return http<replaceTransferResponse>(getReplaceTransferUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * Booked as the platform's. The other answer to `external_reversal` is `replace`, by which the seller gets it again.
 * @summary Keep what somebody took back of a transfer at Connect: the seller is not to have it.
 */
export type keepTransferResponse200 = {
  data: Transfer
  status: 200
}

export type keepTransferResponse400 = {
  data: Problem
  status: 400
}

export type keepTransferResponse401 = {
  data: Problem
  status: 401
}

export type keepTransferResponse403 = {
  data: Problem
  status: 403
}

export type keepTransferResponse404 = {
  data: Problem
  status: 404
}

export type keepTransferResponse409 = {
  data: Problem
  status: 409
}

export type keepTransferResponse413 = {
  data: Problem
  status: 413
}

export type keepTransferResponse415 = {
  data: Problem
  status: 415
}

export type keepTransferResponse422 = {
  data: Problem
  status: 422
}

export type keepTransferResponse429 = {
  data: Problem
  status: 429
}

export type keepTransferResponse500 = {
  data: Problem
  status: 500
}

export type keepTransferResponse502 = {
  data: Problem
  status: 502
}

export type keepTransferResponse503 = {
  data: Problem
  status: 503
}
    
export type keepTransferResponseSuccess = (keepTransferResponse200) & {
  headers: Headers;
};
export type keepTransferResponseError = (keepTransferResponse400 | keepTransferResponse401 | keepTransferResponse403 | keepTransferResponse404 | keepTransferResponse409 | keepTransferResponse413 | keepTransferResponse415 | keepTransferResponse422 | keepTransferResponse429 | keepTransferResponse500 | keepTransferResponse502 | keepTransferResponse503) & {
  headers: Headers;
};

export type keepTransferResponse = (keepTransferResponseSuccess | keepTransferResponseError)

export const getKeepTransferUrl = (id: string,) => {


  

  return `/api/v1/admin/transfers/${id}/keep`
}

export const keepTransfer = async (id: string,
    noteBody: NoteBody, options?: RequestInit): Promise<keepTransferResponse> => {
  
  return http<keepTransferResponse>(getKeepTransferUrl(id),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      noteBody,)
  }
);}


/**
 * @summary Write off what a seller owes by a reversal: the platform bears it. The answer is the reversal.
 */
export type writeOffReversalResponse200 = {
  data: Reversal
  status: 200
}

export type writeOffReversalResponse400 = {
  data: Problem
  status: 400
}

export type writeOffReversalResponse401 = {
  data: Problem
  status: 401
}

export type writeOffReversalResponse403 = {
  data: Problem
  status: 403
}

export type writeOffReversalResponse404 = {
  data: Problem
  status: 404
}

export type writeOffReversalResponse409 = {
  data: Problem
  status: 409
}

export type writeOffReversalResponse413 = {
  data: Problem
  status: 413
}

export type writeOffReversalResponse415 = {
  data: Problem
  status: 415
}

export type writeOffReversalResponse422 = {
  data: Problem
  status: 422
}

export type writeOffReversalResponse429 = {
  data: Problem
  status: 429
}

export type writeOffReversalResponse500 = {
  data: Problem
  status: 500
}

export type writeOffReversalResponse502 = {
  data: Problem
  status: 502
}

export type writeOffReversalResponse503 = {
  data: Problem
  status: 503
}
    
export type writeOffReversalResponseSuccess = (writeOffReversalResponse200) & {
  headers: Headers;
};
export type writeOffReversalResponseError = (writeOffReversalResponse400 | writeOffReversalResponse401 | writeOffReversalResponse403 | writeOffReversalResponse404 | writeOffReversalResponse409 | writeOffReversalResponse413 | writeOffReversalResponse415 | writeOffReversalResponse422 | writeOffReversalResponse429 | writeOffReversalResponse500 | writeOffReversalResponse502 | writeOffReversalResponse503) & {
  headers: Headers;
};

export type writeOffReversalResponse = (writeOffReversalResponseSuccess | writeOffReversalResponseError)

export const getWriteOffReversalUrl = (id: string,) => {


  

  return `/api/v1/admin/reversals/${id}/write-off`
}

export const writeOffReversal = async (id: string, options?: RequestInit): Promise<writeOffReversalResponse> => {
  
  return http<writeOffReversalResponse>(getWriteOffReversalUrl(id),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


/**
 * @summary List what operators did, newest first.
 */
export type listAdminActionsResponse200 = {
  data: ActionPage
  status: 200
}

export type listAdminActionsResponse400 = {
  data: Problem
  status: 400
}

export type listAdminActionsResponse401 = {
  data: Problem
  status: 401
}

export type listAdminActionsResponse403 = {
  data: Problem
  status: 403
}

export type listAdminActionsResponse404 = {
  data: Problem
  status: 404
}

export type listAdminActionsResponse409 = {
  data: Problem
  status: 409
}

export type listAdminActionsResponse413 = {
  data: Problem
  status: 413
}

export type listAdminActionsResponse415 = {
  data: Problem
  status: 415
}

export type listAdminActionsResponse422 = {
  data: Problem
  status: 422
}

export type listAdminActionsResponse429 = {
  data: Problem
  status: 429
}

export type listAdminActionsResponse500 = {
  data: Problem
  status: 500
}

export type listAdminActionsResponse502 = {
  data: Problem
  status: 502
}

export type listAdminActionsResponse503 = {
  data: Problem
  status: 503
}
    
export type listAdminActionsResponseSuccess = (listAdminActionsResponse200) & {
  headers: Headers;
};
export type listAdminActionsResponseError = (listAdminActionsResponse400 | listAdminActionsResponse401 | listAdminActionsResponse403 | listAdminActionsResponse404 | listAdminActionsResponse409 | listAdminActionsResponse413 | listAdminActionsResponse415 | listAdminActionsResponse422 | listAdminActionsResponse429 | listAdminActionsResponse500 | listAdminActionsResponse502 | listAdminActionsResponse503) & {
  headers: Headers;
};

export type listAdminActionsResponse = (listAdminActionsResponseSuccess | listAdminActionsResponseError)

export const getListAdminActionsUrl = (params?: ListAdminActionsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/actions?${stringifiedParams}` : `/api/v1/admin/actions`
}

export const listAdminActions = async (params?: ListAdminActionsParams, options?: RequestInit): Promise<listAdminActionsResponse> => {
  
  return http<listAdminActionsResponse>(getListAdminActionsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List all orders, newest first.
 */
export type listAllOrdersResponse200 = {
  data: OrderPage
  status: 200
}

export type listAllOrdersResponse400 = {
  data: Problem
  status: 400
}

export type listAllOrdersResponse401 = {
  data: Problem
  status: 401
}

export type listAllOrdersResponse403 = {
  data: Problem
  status: 403
}

export type listAllOrdersResponse404 = {
  data: Problem
  status: 404
}

export type listAllOrdersResponse409 = {
  data: Problem
  status: 409
}

export type listAllOrdersResponse413 = {
  data: Problem
  status: 413
}

export type listAllOrdersResponse415 = {
  data: Problem
  status: 415
}

export type listAllOrdersResponse422 = {
  data: Problem
  status: 422
}

export type listAllOrdersResponse429 = {
  data: Problem
  status: 429
}

export type listAllOrdersResponse500 = {
  data: Problem
  status: 500
}

export type listAllOrdersResponse502 = {
  data: Problem
  status: 502
}

export type listAllOrdersResponse503 = {
  data: Problem
  status: 503
}
    
export type listAllOrdersResponseSuccess = (listAllOrdersResponse200) & {
  headers: Headers;
};
export type listAllOrdersResponseError = (listAllOrdersResponse400 | listAllOrdersResponse401 | listAllOrdersResponse403 | listAllOrdersResponse404 | listAllOrdersResponse409 | listAllOrdersResponse413 | listAllOrdersResponse415 | listAllOrdersResponse422 | listAllOrdersResponse429 | listAllOrdersResponse500 | listAllOrdersResponse502 | listAllOrdersResponse503) & {
  headers: Headers;
};

export type listAllOrdersResponse = (listAllOrdersResponseSuccess | listAllOrdersResponseError)

export const getListAllOrdersUrl = (params?: ListAllOrdersParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/orders?${stringifiedParams}` : `/api/v1/admin/orders`
}

export const listAllOrders = async (params?: ListAllOrdersParams, options?: RequestInit): Promise<listAllOrdersResponse> => {
  
  return http<listAllOrdersResponse>(getListAllOrdersUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show everything that happened to an order, oldest first.
 */
export type getOrderTimelineResponse200 = {
  data: Timeline
  status: 200
}

export type getOrderTimelineResponse400 = {
  data: Problem
  status: 400
}

export type getOrderTimelineResponse401 = {
  data: Problem
  status: 401
}

export type getOrderTimelineResponse403 = {
  data: Problem
  status: 403
}

export type getOrderTimelineResponse404 = {
  data: Problem
  status: 404
}

export type getOrderTimelineResponse409 = {
  data: Problem
  status: 409
}

export type getOrderTimelineResponse413 = {
  data: Problem
  status: 413
}

export type getOrderTimelineResponse415 = {
  data: Problem
  status: 415
}

export type getOrderTimelineResponse422 = {
  data: Problem
  status: 422
}

export type getOrderTimelineResponse429 = {
  data: Problem
  status: 429
}

export type getOrderTimelineResponse500 = {
  data: Problem
  status: 500
}

export type getOrderTimelineResponse502 = {
  data: Problem
  status: 502
}

export type getOrderTimelineResponse503 = {
  data: Problem
  status: 503
}
    
export type getOrderTimelineResponseSuccess = (getOrderTimelineResponse200) & {
  headers: Headers;
};
export type getOrderTimelineResponseError = (getOrderTimelineResponse400 | getOrderTimelineResponse401 | getOrderTimelineResponse403 | getOrderTimelineResponse404 | getOrderTimelineResponse409 | getOrderTimelineResponse413 | getOrderTimelineResponse415 | getOrderTimelineResponse422 | getOrderTimelineResponse429 | getOrderTimelineResponse500 | getOrderTimelineResponse502 | getOrderTimelineResponse503) & {
  headers: Headers;
};

export type getOrderTimelineResponse = (getOrderTimelineResponseSuccess | getOrderTimelineResponseError)

export const getGetOrderTimelineUrl = (id: string,) => {


  

  return `/api/v1/admin/orders/${id}/timeline`
}

export const getOrderTimeline = async (id: string, options?: RequestInit): Promise<getOrderTimelineResponse> => {
  
  return http<getOrderTimelineResponse>(getGetOrderTimelineUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary List all refunds, newest first.
 */
export type listAllRefundsResponse200 = {
  data: RefundPage
  status: 200
}

export type listAllRefundsResponse400 = {
  data: Problem
  status: 400
}

export type listAllRefundsResponse401 = {
  data: Problem
  status: 401
}

export type listAllRefundsResponse403 = {
  data: Problem
  status: 403
}

export type listAllRefundsResponse404 = {
  data: Problem
  status: 404
}

export type listAllRefundsResponse409 = {
  data: Problem
  status: 409
}

export type listAllRefundsResponse413 = {
  data: Problem
  status: 413
}

export type listAllRefundsResponse415 = {
  data: Problem
  status: 415
}

export type listAllRefundsResponse422 = {
  data: Problem
  status: 422
}

export type listAllRefundsResponse429 = {
  data: Problem
  status: 429
}

export type listAllRefundsResponse500 = {
  data: Problem
  status: 500
}

export type listAllRefundsResponse502 = {
  data: Problem
  status: 502
}

export type listAllRefundsResponse503 = {
  data: Problem
  status: 503
}
    
export type listAllRefundsResponseSuccess = (listAllRefundsResponse200) & {
  headers: Headers;
};
export type listAllRefundsResponseError = (listAllRefundsResponse400 | listAllRefundsResponse401 | listAllRefundsResponse403 | listAllRefundsResponse404 | listAllRefundsResponse409 | listAllRefundsResponse413 | listAllRefundsResponse415 | listAllRefundsResponse422 | listAllRefundsResponse429 | listAllRefundsResponse500 | listAllRefundsResponse502 | listAllRefundsResponse503) & {
  headers: Headers;
};

export type listAllRefundsResponse = (listAllRefundsResponseSuccess | listAllRefundsResponseError)

export const getListAllRefundsUrl = (params?: ListAllRefundsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/refunds?${stringifiedParams}` : `/api/v1/admin/refunds`
}

export const listAllRefunds = async (params?: ListAllRefundsParams, options?: RequestInit): Promise<listAllRefundsResponse> => {
  
  return http<listAllRefundsResponse>(getListAllRefundsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * What of it the order has left goes back like a refund, the rest is the platform's loss; the shares that it held go their way.
 * @summary Book the loss of a dispute that is in another currency than its order.
 */
export type bookDisputeLossResponse200 = {
  data: Dispute
  status: 200
}

export type bookDisputeLossResponse400 = {
  data: Problem
  status: 400
}

export type bookDisputeLossResponse401 = {
  data: Problem
  status: 401
}

export type bookDisputeLossResponse403 = {
  data: Problem
  status: 403
}

export type bookDisputeLossResponse404 = {
  data: Problem
  status: 404
}

export type bookDisputeLossResponse409 = {
  data: Problem
  status: 409
}

export type bookDisputeLossResponse413 = {
  data: Problem
  status: 413
}

export type bookDisputeLossResponse415 = {
  data: Problem
  status: 415
}

export type bookDisputeLossResponse422 = {
  data: Problem
  status: 422
}

export type bookDisputeLossResponse429 = {
  data: Problem
  status: 429
}

export type bookDisputeLossResponse500 = {
  data: Problem
  status: 500
}

export type bookDisputeLossResponse502 = {
  data: Problem
  status: 502
}

export type bookDisputeLossResponse503 = {
  data: Problem
  status: 503
}
    
export type bookDisputeLossResponseSuccess = (bookDisputeLossResponse200) & {
  headers: Headers;
};
export type bookDisputeLossResponseError = (bookDisputeLossResponse400 | bookDisputeLossResponse401 | bookDisputeLossResponse403 | bookDisputeLossResponse404 | bookDisputeLossResponse409 | bookDisputeLossResponse413 | bookDisputeLossResponse415 | bookDisputeLossResponse422 | bookDisputeLossResponse429 | bookDisputeLossResponse500 | bookDisputeLossResponse502 | bookDisputeLossResponse503) & {
  headers: Headers;
};

export type bookDisputeLossResponse = (bookDisputeLossResponseSuccess | bookDisputeLossResponseError)

export const getBookDisputeLossUrl = (id: string,
    disputeId: string,) => {


  

  return `/api/v1/admin/orders/${id}/disputes/${disputeId}/book-loss`
}

export const bookDisputeLoss = async (id: string,
    disputeId: string,
    bookLossBody: BookLossBody, options?: RequestInit): Promise<bookDisputeLossResponse> => {
  
  return http<bookDisputeLossResponse>(getBookDisputeLossUrl(id,disputeId),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      bookLossBody,)
  }
);}


/**
 * @summary List all disputes, newest first.
 */
export type listDisputesResponse200 = {
  data: DisputePage
  status: 200
}

export type listDisputesResponse400 = {
  data: Problem
  status: 400
}

export type listDisputesResponse401 = {
  data: Problem
  status: 401
}

export type listDisputesResponse403 = {
  data: Problem
  status: 403
}

export type listDisputesResponse404 = {
  data: Problem
  status: 404
}

export type listDisputesResponse409 = {
  data: Problem
  status: 409
}

export type listDisputesResponse413 = {
  data: Problem
  status: 413
}

export type listDisputesResponse415 = {
  data: Problem
  status: 415
}

export type listDisputesResponse422 = {
  data: Problem
  status: 422
}

export type listDisputesResponse429 = {
  data: Problem
  status: 429
}

export type listDisputesResponse500 = {
  data: Problem
  status: 500
}

export type listDisputesResponse502 = {
  data: Problem
  status: 502
}

export type listDisputesResponse503 = {
  data: Problem
  status: 503
}
    
export type listDisputesResponseSuccess = (listDisputesResponse200) & {
  headers: Headers;
};
export type listDisputesResponseError = (listDisputesResponse400 | listDisputesResponse401 | listDisputesResponse403 | listDisputesResponse404 | listDisputesResponse409 | listDisputesResponse413 | listDisputesResponse415 | listDisputesResponse422 | listDisputesResponse429 | listDisputesResponse500 | listDisputesResponse502 | listDisputesResponse503) & {
  headers: Headers;
};

export type listDisputesResponse = (listDisputesResponseSuccess | listDisputesResponseError)

export const getListDisputesUrl = (params?: ListDisputesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/admin/disputes?${stringifiedParams}` : `/api/v1/admin/disputes`
}

export const listDisputes = async (params?: ListDisputesParams, options?: RequestInit): Promise<listDisputesResponse> => {
  
  return http<listDisputesResponse>(getListDisputesUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * Each stuck row is seen once, whatever its pause; recent and settled rows are left alone. What can't be read stays as it was and is
counted in `errors`. A pass that takes longer than a request may (a minute) is cut off with 503 `timeout`; `veza reconcile --once`
has no limit.
 * @summary Ask the providers about everything that is stuck, now.
 */
export type runReconcileResponse200 = {
  data: ReconcileReport
  status: 200
}

export type runReconcileResponse400 = {
  data: Problem
  status: 400
}

export type runReconcileResponse401 = {
  data: Problem
  status: 401
}

export type runReconcileResponse403 = {
  data: Problem
  status: 403
}

export type runReconcileResponse404 = {
  data: Problem
  status: 404
}

export type runReconcileResponse409 = {
  data: Problem
  status: 409
}

export type runReconcileResponse413 = {
  data: Problem
  status: 413
}

export type runReconcileResponse415 = {
  data: Problem
  status: 415
}

export type runReconcileResponse422 = {
  data: Problem
  status: 422
}

export type runReconcileResponse429 = {
  data: Problem
  status: 429
}

export type runReconcileResponse500 = {
  data: Problem
  status: 500
}

export type runReconcileResponse502 = {
  data: Problem
  status: 502
}

export type runReconcileResponse503 = {
  data: Problem
  status: 503
}
    
export type runReconcileResponseSuccess = (runReconcileResponse200) & {
  headers: Headers;
};
export type runReconcileResponseError = (runReconcileResponse400 | runReconcileResponse401 | runReconcileResponse403 | runReconcileResponse404 | runReconcileResponse409 | runReconcileResponse413 | runReconcileResponse415 | runReconcileResponse422 | runReconcileResponse429 | runReconcileResponse500 | runReconcileResponse502 | runReconcileResponse503) & {
  headers: Headers;
};

export type runReconcileResponse = (runReconcileResponseSuccess | runReconcileResponseError)

export const getRunReconcileUrl = () => {


  

  return `/api/v1/admin/reconcile`
}

export const runReconcile = async ( options?: RequestInit): Promise<runReconcileResponse> => {
  
  return http<runReconcileResponse>(getRunReconcileUrl(),
  {      
    ...options,
    method: 'POST'
    
    
  }
);}


