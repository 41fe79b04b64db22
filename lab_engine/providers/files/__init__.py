"""Files, folder trees and mounts. Marks are extended attributes, or the name of a tmpfs."""
