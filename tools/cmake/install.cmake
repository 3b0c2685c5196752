# What `cmake --install` puts where.
install(TARGETS wafersim RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY configs DESTINATION ${CMAKE_INSTALL_DATADIR}/wafersim)
install(FILES tools/man/wafersim.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES tools/completion/wafersim.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME wafersim)
install(FILES tools/completion/_wafersim DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
# The README links to the documents, so they stay together.
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Where users' Python and virtual environments look below their prefix; Debian's own looks for packages elsewhere.
find_package(Python3 COMPONENTS Interpreter QUIET)
set(WAFERSIM_PYTHON_DIR "lib/python${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}/site-packages"
  CACHE STRING "Folder of the Python module below the prefix")
install(DIRECTORY tools/python/wafersim DESTINATION ${WAFERSIM_PYTHON_DIR} FILES_MATCHING PATTERN "*.py")
