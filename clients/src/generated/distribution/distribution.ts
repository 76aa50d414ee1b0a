/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type {
  GetRoyaltiesParams,
  ImportedRoyalties,
  ListSubmissionsParams,
  Problem,
  RequestTakedown,
  RoyaltyPage,
  SubmissionDetail,
  SubmissionPage,
  SubmitDistribution,
  SubmitDistributionHeaders
} from '.././model';

import { http } from '../../http';

/**
 * A product of kind `track` or `pack` of the caller's, published or not. Needs a plan that can distribute: 403 `plan_required`, or
`complete_payment` for a plan that is not paid. 409 `already_distributed` while it is on one of these platforms or on its way there.
 * @summary Send a track or release to streaming platforms.
 */
export type submitDistributionResponse201 = {
  data: SubmissionDetail
  status: 201
}

export type submitDistributionResponse400 = {
  data: Problem
  status: 400
}

export type submitDistributionResponse401 = {
  data: Problem
  status: 401
}

export type submitDistributionResponse403 = {
  data: Problem
  status: 403
}

export type submitDistributionResponse404 = {
  data: Problem
  status: 404
}

export type submitDistributionResponse409 = {
  data: Problem
  status: 409
}

export type submitDistributionResponse413 = {
  data: Problem
  status: 413
}

export type submitDistributionResponse415 = {
  data: Problem
  status: 415
}

export type submitDistributionResponse422 = {
  data: Problem
  status: 422
}

export type submitDistributionResponse429 = {
  data: Problem
  status: 429
}

export type submitDistributionResponse500 = {
  data: Problem
  status: 500
}

export type submitDistributionResponse502 = {
  data: Problem
  status: 502
}

export type submitDistributionResponse503 = {
  data: Problem
  status: 503
}
    
export type submitDistributionResponseSuccess = (submitDistributionResponse201) & {
  headers: Headers;
};
export type submitDistributionResponseError = (submitDistributionResponse400 | submitDistributionResponse401 | submitDistributionResponse403 | submitDistributionResponse404 | submitDistributionResponse409 | submitDistributionResponse413 | submitDistributionResponse415 | submitDistributionResponse422 | submitDistributionResponse429 | submitDistributionResponse500 | submitDistributionResponse502 | submitDistributionResponse503) & {
  headers: Headers;
};

export type submitDistributionResponse = (submitDistributionResponseSuccess | submitDistributionResponseError)

export const getSubmitDistributionUrl = () => {


  

  return `/api/v1/distribution/submit`
}

export const submitDistribution = async (submitDistribution: SubmitDistribution,
    headers?: SubmitDistributionHeaders, options?: RequestInit): Promise<submitDistributionResponse> => {
  
  return http<submitDistributionResponse>(getSubmitDistributionUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8',...headers, ...options?.headers },
    body: JSON.stringify(
      submitDistribution,)
  }
);}


/**
 * @summary List my submissions, newest first.
 */
export type listSubmissionsResponse200 = {
  data: SubmissionPage
  status: 200
}

export type listSubmissionsResponse400 = {
  data: Problem
  status: 400
}

export type listSubmissionsResponse401 = {
  data: Problem
  status: 401
}

export type listSubmissionsResponse403 = {
  data: Problem
  status: 403
}

export type listSubmissionsResponse404 = {
  data: Problem
  status: 404
}

export type listSubmissionsResponse409 = {
  data: Problem
  status: 409
}

export type listSubmissionsResponse413 = {
  data: Problem
  status: 413
}

export type listSubmissionsResponse415 = {
  data: Problem
  status: 415
}

export type listSubmissionsResponse422 = {
  data: Problem
  status: 422
}

export type listSubmissionsResponse429 = {
  data: Problem
  status: 429
}

export type listSubmissionsResponse500 = {
  data: Problem
  status: 500
}

export type listSubmissionsResponse502 = {
  data: Problem
  status: 502
}

export type listSubmissionsResponse503 = {
  data: Problem
  status: 503
}
    
export type listSubmissionsResponseSuccess = (listSubmissionsResponse200) & {
  headers: Headers;
};
export type listSubmissionsResponseError = (listSubmissionsResponse400 | listSubmissionsResponse401 | listSubmissionsResponse403 | listSubmissionsResponse404 | listSubmissionsResponse409 | listSubmissionsResponse413 | listSubmissionsResponse415 | listSubmissionsResponse422 | listSubmissionsResponse429 | listSubmissionsResponse500 | listSubmissionsResponse502 | listSubmissionsResponse503) & {
  headers: Headers;
};

export type listSubmissionsResponse = (listSubmissionsResponseSuccess | listSubmissionsResponseError)

export const getListSubmissionsUrl = (params?: ListSubmissionsParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/distribution/submissions?${stringifiedParams}` : `/api/v1/distribution/submissions`
}

export const listSubmissions = async (params?: ListSubmissionsParams, options?: RequestInit): Promise<listSubmissionsResponse> => {
  
  return http<listSubmissionsResponse>(getListSubmissionsUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * @summary Show a submission with each platform's history: who moved it, when and why.
 */
export type getSubmissionResponse200 = {
  data: SubmissionDetail
  status: 200
}

export type getSubmissionResponse400 = {
  data: Problem
  status: 400
}

export type getSubmissionResponse401 = {
  data: Problem
  status: 401
}

export type getSubmissionResponse403 = {
  data: Problem
  status: 403
}

export type getSubmissionResponse404 = {
  data: Problem
  status: 404
}

export type getSubmissionResponse409 = {
  data: Problem
  status: 409
}

export type getSubmissionResponse413 = {
  data: Problem
  status: 413
}

export type getSubmissionResponse415 = {
  data: Problem
  status: 415
}

export type getSubmissionResponse422 = {
  data: Problem
  status: 422
}

export type getSubmissionResponse429 = {
  data: Problem
  status: 429
}

export type getSubmissionResponse500 = {
  data: Problem
  status: 500
}

export type getSubmissionResponse502 = {
  data: Problem
  status: 502
}

export type getSubmissionResponse503 = {
  data: Problem
  status: 503
}
    
export type getSubmissionResponseSuccess = (getSubmissionResponse200) & {
  headers: Headers;
};
export type getSubmissionResponseError = (getSubmissionResponse400 | getSubmissionResponse401 | getSubmissionResponse403 | getSubmissionResponse404 | getSubmissionResponse409 | getSubmissionResponse413 | getSubmissionResponse415 | getSubmissionResponse422 | getSubmissionResponse429 | getSubmissionResponse500 | getSubmissionResponse502 | getSubmissionResponse503) & {
  headers: Headers;
};

export type getSubmissionResponse = (getSubmissionResponseSuccess | getSubmissionResponseError)

export const getGetSubmissionUrl = (id: string,) => {


  

  return `/api/v1/distribution/submissions/${id}`
}

export const getSubmission = async (id: string, options?: RequestInit): Promise<getSubmissionResponse> => {
  
  return http<getSubmissionResponse>(getGetSubmissionUrl(id),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * Its owner or an admin. Asked twice, done once. 409 `nothing_to_take_down` when it is over on all of these platforms.
 * @summary Ask for a submission to be taken down.
 */
export type requestTakedownResponse202 = {
  data: SubmissionDetail
  status: 202
}

export type requestTakedownResponse400 = {
  data: Problem
  status: 400
}

export type requestTakedownResponse401 = {
  data: Problem
  status: 401
}

export type requestTakedownResponse403 = {
  data: Problem
  status: 403
}

export type requestTakedownResponse404 = {
  data: Problem
  status: 404
}

export type requestTakedownResponse409 = {
  data: Problem
  status: 409
}

export type requestTakedownResponse413 = {
  data: Problem
  status: 413
}

export type requestTakedownResponse415 = {
  data: Problem
  status: 415
}

export type requestTakedownResponse422 = {
  data: Problem
  status: 422
}

export type requestTakedownResponse429 = {
  data: Problem
  status: 429
}

export type requestTakedownResponse500 = {
  data: Problem
  status: 500
}

export type requestTakedownResponse502 = {
  data: Problem
  status: 502
}

export type requestTakedownResponse503 = {
  data: Problem
  status: 503
}
    
export type requestTakedownResponseSuccess = (requestTakedownResponse202) & {
  headers: Headers;
};
export type requestTakedownResponseError = (requestTakedownResponse400 | requestTakedownResponse401 | requestTakedownResponse403 | requestTakedownResponse404 | requestTakedownResponse409 | requestTakedownResponse413 | requestTakedownResponse415 | requestTakedownResponse422 | requestTakedownResponse429 | requestTakedownResponse500 | requestTakedownResponse502 | requestTakedownResponse503) & {
  headers: Headers;
};

export type requestTakedownResponse = (requestTakedownResponseSuccess | requestTakedownResponseError)

export const getRequestTakedownUrl = (id: string,) => {


  

  return `/api/v1/distribution/submissions/${id}/takedown`
}

export const requestTakedown = async (id: string,
    requestTakedown: RequestTakedown, options?: RequestInit): Promise<requestTakedownResponse> => {
  
  return http<requestTakedownResponse>(getRequestTakedownUrl(id),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...options?.headers },
    body: JSON.stringify(
      requestTakedown,)
  }
);}


/**
 * Over all territories, per currency, from the reports that operators have imported.
 * @summary What my tracks have brought, by track, platform and period.
 */
export type getRoyaltiesResponse200 = {
  data: RoyaltyPage
  status: 200
}

export type getRoyaltiesResponse400 = {
  data: Problem
  status: 400
}

export type getRoyaltiesResponse401 = {
  data: Problem
  status: 401
}

export type getRoyaltiesResponse403 = {
  data: Problem
  status: 403
}

export type getRoyaltiesResponse404 = {
  data: Problem
  status: 404
}

export type getRoyaltiesResponse409 = {
  data: Problem
  status: 409
}

export type getRoyaltiesResponse413 = {
  data: Problem
  status: 413
}

export type getRoyaltiesResponse415 = {
  data: Problem
  status: 415
}

export type getRoyaltiesResponse422 = {
  data: Problem
  status: 422
}

export type getRoyaltiesResponse429 = {
  data: Problem
  status: 429
}

export type getRoyaltiesResponse500 = {
  data: Problem
  status: 500
}

export type getRoyaltiesResponse502 = {
  data: Problem
  status: 502
}

export type getRoyaltiesResponse503 = {
  data: Problem
  status: 503
}
    
export type getRoyaltiesResponseSuccess = (getRoyaltiesResponse200) & {
  headers: Headers;
};
export type getRoyaltiesResponseError = (getRoyaltiesResponse400 | getRoyaltiesResponse401 | getRoyaltiesResponse403 | getRoyaltiesResponse404 | getRoyaltiesResponse409 | getRoyaltiesResponse413 | getRoyaltiesResponse415 | getRoyaltiesResponse422 | getRoyaltiesResponse429 | getRoyaltiesResponse500 | getRoyaltiesResponse502 | getRoyaltiesResponse503) & {
  headers: Headers;
};

export type getRoyaltiesResponse = (getRoyaltiesResponseSuccess | getRoyaltiesResponseError)

export const getGetRoyaltiesUrl = (params?: GetRoyaltiesParams,) => {
  const normalizedParams = new URLSearchParams();

  Object.entries(params || {}).forEach(([key, value]) => {
    
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : value.toString())
    }
  });

  const stringifiedParams = normalizedParams.toString();

  return stringifiedParams.length > 0 ? `/api/v1/distribution/royalties?${stringifiedParams}` : `/api/v1/distribution/royalties`
}

export const getRoyalties = async (params?: GetRoyaltiesParams, options?: RequestInit): Promise<getRoyaltiesResponse> => {
  
  return http<getRoyaltiesResponse>(getGetRoyaltiesUrl(params),
  {      
    ...options,
    method: 'GET'
    
    
  }
);}


/**
 * CSV with a header: `reference` (the distributor's, or an ISRC), `platform`, `period` (`2026-01`), `units`, `amount` (minor units),
`currency`, and where told apart `territory`; at most 2 MiB and 10,000 lines. All of it counts or nothing: what is wrong is named
by line in `errors`. The same file counts once, and so does a line that another file has told already; one with other figures is
refused.
 * @summary Import a royalty report.
 */
export type importRoyaltiesResponse200 = {
  data: ImportedRoyalties
  status: 200
}

export type importRoyaltiesResponse400 = {
  data: Problem
  status: 400
}

export type importRoyaltiesResponse401 = {
  data: Problem
  status: 401
}

export type importRoyaltiesResponse403 = {
  data: Problem
  status: 403
}

export type importRoyaltiesResponse404 = {
  data: Problem
  status: 404
}

export type importRoyaltiesResponse409 = {
  data: Problem
  status: 409
}

export type importRoyaltiesResponse413 = {
  data: Problem
  status: 413
}

export type importRoyaltiesResponse415 = {
  data: Problem
  status: 415
}

export type importRoyaltiesResponse422 = {
  data: Problem
  status: 422
}

export type importRoyaltiesResponse429 = {
  data: Problem
  status: 429
}

export type importRoyaltiesResponse500 = {
  data: Problem
  status: 500
}

export type importRoyaltiesResponse502 = {
  data: Problem
  status: 502
}

export type importRoyaltiesResponse503 = {
  data: Problem
  status: 503
}
    
export type importRoyaltiesResponseSuccess = (importRoyaltiesResponse200) & {
  headers: Headers;
};
export type importRoyaltiesResponseError = (importRoyaltiesResponse400 | importRoyaltiesResponse401 | importRoyaltiesResponse403 | importRoyaltiesResponse404 | importRoyaltiesResponse409 | importRoyaltiesResponse413 | importRoyaltiesResponse415 | importRoyaltiesResponse422 | importRoyaltiesResponse429 | importRoyaltiesResponse500 | importRoyaltiesResponse502 | importRoyaltiesResponse503) & {
  headers: Headers;
};

export type importRoyaltiesResponse = (importRoyaltiesResponseSuccess | importRoyaltiesResponseError)

export const getImportRoyaltiesUrl = () => {


  

  return `/api/v1/admin/royalties`
}

export const importRoyalties = async (importRoyaltiesBody: Blob, options?: RequestInit): Promise<importRoyaltiesResponse> => {
  
  return http<importRoyaltiesResponse>(getImportRoyaltiesUrl(),
  {      
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'text/csv', ...options?.headers },
    body: JSON.stringify(
      importRoyaltiesBody,)
  }
);}


