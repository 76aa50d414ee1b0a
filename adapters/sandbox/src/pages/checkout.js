// The browser SDK of the sandbox: confirms with the publishable key and the client secret, as the real one does.
"use strict";
(() => {
  const box = document.getElementById("checkout");
  const { payment, secret, key } = box.dataset;
  const back = box.dataset.return;
  const keeps = "keeps" in box.dataset;
  const pay = document.getElementById("pay");
  const decline = document.getElementById("decline");
  const dispute = document.getElementById("dispute");
  const status = document.getElementById("status");
  const bank = document.getElementById("bank");
  const verdict = document.getElementById("verdict");
  const CARDS = { pay: "4242424242424242", decline: "4000000000000002" };
  const OPEN = ["requires_payment_method", "requires_confirmation", "requires_customer_action", "failed"];

  function show(state, message) {
    box.dataset.status = state;
    status.textContent = message || state;
    pay.hidden = decline.hidden = !OPEN.includes(state);
    dispute.hidden = state !== "succeeded";
  }

  async function confirm(card) {
    pay.disabled = decline.disabled = true;
    try {
      const answer = await fetch(`/payments/${encodeURIComponent(payment)}/confirm`, {
        method: "POST",
        headers: { "content-type": "application/json", "api-key": key },
        body: JSON.stringify({
          client_secret: secret,
          payment_method: "card",
          payment_method_type: "credit",
          ...(keeps && { customer_acceptance: { acceptance_type: "online", accepted_at: new Date().toISOString() } }),
          payment_method_data: { card: { card_number: card, card_exp_month: "03", card_exp_year: "30", card_cvc: "737" } },
        }),
      });
      const body = await answer.json();
      if (body.error) throw new Error(body.error.message);
      show(body.status, body.error_message);
      if (body.status === "succeeded" && /^https?:/.test(back)) {
        const url = new URL(back);
        url.searchParams.set("payment_id", payment);
        url.searchParams.set("status", body.status);
        location.assign(url);
      }
    } catch (error) {
      status.textContent = `Not confirmed: ${error.message}. You can try again.`;
    } finally {
      pay.disabled = decline.disabled = false;
    }
  }

  pay.addEventListener("click", () => confirm(CARDS.pay));
  decline.addEventListener("click", () => confirm(CARDS.decline));
  function showDispute(state) {
    bank.hidden = !state;
    verdict.textContent = state;
    if (state) dispute.hidden = true;
  }

  async function tell(path, state, button) {
    button.disabled = true;
    const url = `/checkout/${encodeURIComponent(payment)}/${path}?client_secret=${encodeURIComponent(secret)}`;
    const answer = await fetch(url, { method: "POST" });
    button.disabled = false;
    if (answer.ok) showDispute(state);
    else status.textContent = "That did not work.";
  }

  dispute.addEventListener("click", () => tell("dispute", "opened", dispute));
  for (const button of bank.querySelectorAll("button")) {
    const state = button.dataset.status;
    button.addEventListener("click", () => tell(`dispute/${state}`, state, button));
  }
  show(box.dataset.status);
  showDispute(bank.dataset.dispute);
})();
