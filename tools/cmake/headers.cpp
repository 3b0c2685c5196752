// Nothing: CMake wants a source for a target whose headers are compiled once for others.
