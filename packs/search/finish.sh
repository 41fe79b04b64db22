# OpenSearch would make these, and may not: it runs as an ordinary user.
mkdir -p /opt/packs/search/bin /opt/packs/search/plugins /opt/packs/search/extensions
