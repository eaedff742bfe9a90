/** What the tests' child processes print is read as plain text, whatever colours the environment asks of a terminal or a CI log. */
delete process.env.FORCE_COLOR;
process.env.NO_COLOR = "1";
