nob () 
{ 
    setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search --bounding-set=-all,+dac_read_search env HOME=/nonexistent "$@"
}
