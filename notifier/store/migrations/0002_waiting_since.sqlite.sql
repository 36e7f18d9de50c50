-- What an operator lets go again waits since then, not since it was planned.

DROP INDEX delivery_oldest;
CREATE INDEX delivery_oldest ON delivery (channel, due_at) WHERE state = 'pending';
