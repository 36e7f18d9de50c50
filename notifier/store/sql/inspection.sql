-- What a store holds, counted for an operator.

-- name: count_events
-- How many events are kept.
SELECT count(*) FROM event;

-- name: count_tickets
-- How many tickets are remembered.
SELECT count(*) FROM ticket;

-- name: count_deliveries
-- How many deliveries are in each state.
SELECT state, count(*) FROM delivery GROUP BY state ORDER BY state;
