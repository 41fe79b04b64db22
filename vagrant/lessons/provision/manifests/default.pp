file { "/etc/voucher.conf":
  ensure  => file,
  content => "colour = ${facts['colour']}\n",
  owner   => "root",
  mode    => "0640",
}
