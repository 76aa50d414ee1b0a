-- What a seller owes by reversals that were given up: paid by the seller's next shares like any other debt, so it is looked up with
-- every order of the seller's. Few in any case.
CREATE INDEX reversals_given_up ON reversals (seller_id, id) WHERE status = 'permanently_failed';

-- What an operator has booked of a dispute's loss, in the order's currency: only where the bank's is another.
ALTER TABLE disputes ADD COLUMN booked_as INTEGER CHECK (booked_as > 0);
