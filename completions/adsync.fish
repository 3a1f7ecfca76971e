complete --keep-order --exclusive --command adsync --arguments "(ADSYNC_COMPLETE=fish adsync -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
