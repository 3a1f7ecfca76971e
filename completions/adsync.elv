set edit:completion:arg-completer[adsync] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) ADSYNC_COMPLETE="elvish" adsync -- $@words) | to-lines
}
