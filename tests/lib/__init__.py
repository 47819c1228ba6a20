"""What the tests share: a server to run, connections to it, the transcript runner."""
