-- The key that a session must not outlive when its use moves its end: the maker of the link that opened it. NULL stands
-- alone; a key that is not there binds for ever. Sessions of a day may have come from a link, of which nothing was noted
-- so far: they keep the end they have.
ALTER TABLE api_keys ADD COLUMN bound_to TEXT;
UPDATE api_keys SET bound_to = '' WHERE login_type <> 'token' AND lifetime_seconds <= 86400;
