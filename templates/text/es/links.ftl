# The page behind a visit link, and the page where its code is typed by hand.
links-title = Su consulta
links-no-script = Esta página necesita JavaScript para abrir su enlace, y su navegador lo tiene apagado.
links-no-script-join = Escriba en su lugar el código del correo

links-heading = Antes de abrir su consulta
links-why = Así comprobamos que el enlace le llegó a la persona correcta.
links-date-of-birth = Fecha de nacimiento
links-date-of-birth-hint = Día, mes y año, por ejemplo 14/03/1948. Si la clínica le dio un código de consulta de 6 números, escriba ese código.
links-visit-code = Código de consulta
links-visit-code-hint = Los 6 números que le dio la clínica. Si no le dieron ninguno, escriba su fecha de nacimiento: día, mes y año.
links-continue = Continuar

links-in-app-title = Ábralo en su navegador
links-in-app-why = Está leyendo esto dentro de una aplicación de correo o de mensajes. Aquí la cámara y el micrófono muchas veces no funcionan.
links-in-app-open = Abrir en mi navegador
links-in-app-ios = Copie el enlace, abra Safari y péguelo en la barra de direcciones, arriba o abajo.
links-in-app-copy = Copiar enlace
links-in-app-stay = Quedarme aquí

links-reason-heading = Su consulta no se puede abrir ahora
links-move-here = Pasar a este dispositivo
links-move-here-hint = Su otro dispositivo o la clínica tiene que decir que sí.
links-move-here-again = Para pasar la consulta a este dispositivo, escriba otra vez la fecha o el código.
links-incomplete-heading = Este enlace no está completo
links-incomplete = Algunos programas de correo cortan los enlaces. Abra otra vez el enlace del correo, o escriba el código del correo.
links-join-code = Escribir el código

links-trouble = ¿Tiene problemas?
links-send-new = Enviar un enlace nuevo
links-not-for-me = Esto no es para mí
links-not-me-heading = Esto no es para mí
links-not-me-why = Avise a la clínica si usted no tiene ninguna consulta con ella y recibió este correo por error. El enlace deja de funcionar y la clínica busca la dirección correcta. No sabrá nada más de usted.
links-not-me-type = Para confirmar, escriba estas palabras:
links-not-me-words = no es para mí
links-not-me-tell = Avisar a la clínica
links-not-me-back = Volver
links-thanks-heading = Gracias
links-thanks = La clínica ya está avisada. No tiene que hacer nada más. Por favor, borre el correo y no lo reenvíe.
links-call-us = Llámenos:
links-emergency = En una emergencia llame al { $phone }. No espere esta consulta.

links-move-heading = Esperamos un sí
links-move-confirm = Confirme en su otro dispositivo, o espere a la clínica.
links-move-how = El otro dispositivo muestra una pregunta. Allí toque “Sí, pasarla”.
links-move-keep = Deje esta página abierta. Continúa sola, y la pregunta vale 10 minutos.
links-move-again = Mirar otra vez
links-move-allowed-heading = La consulta puede pasar a este dispositivo
links-move-go = Ir a la consulta
links-move-refused-heading = La consulta se queda donde está
links-move-refused = Alguien dijo que no, en el otro dispositivo o en la clínica. Si fue un error, abra otra vez su enlace o llámenos.
links-move-over-heading = Aquí nadie espera una respuesta
links-move-over = Pasaron los 10 minutos, o preguntó después otro dispositivo. Abra otra vez su enlace para preguntar de nuevo.

links-join-heading = Entrar con un código
links-join-why = El código está en el correo de su clínica, debajo del enlace.
links-code = Código del correo
links-code-hint = 10 letras y números. No importan las mayúsculas, los espacios ni los guiones.

# The same page, with a code from the picture that the patient's other device shows.
links-here-heading = Siga en este dispositivo
links-here-why = Conserva su lugar en la sala de espera. La página de su otro dispositivo se cierra.

links-js-type-date = Escriba su fecha de nacimiento, o su código de consulta.
links-js-unreadable = No pudimos leer eso. Escriba la fecha como día, mes y año, con el año completo: por ejemplo 14/03/1948. O escriba los 6 números de su código de consulta.
links-js-no = Con eso no se abrió ninguna consulta. Revise lo que escribió e inténtelo otra vez. Si está seguro de que es correcto, pida un enlace nuevo o llámenos.
links-js-not-me-words = Escriba las palabras tal como están encima del campo: no es para mí
links-js-too-many = Hubo demasiados intentos. Espere un minuto e inténtelo otra vez, o llámenos.
links-js-offline = No pudimos comunicarnos con la clínica. Revise su conexión a internet y toque Continuar otra vez.
links-js-unavailable = Algo anda mal de nuestro lado. Espere un momento e inténtelo otra vez, o llámenos.
links-js-new-link-sent = Si este enlace es de una consulta, un enlace nuevo va en camino al correo que tiene su clínica. Puede tardar unos minutos.
links-js-elsewhere-heading = Su consulta está en otro dispositivo
links-js-move-lost = No pudimos comunicarnos con la clínica. Lo intentamos otra vez.
links-js-copied = Copiado. Ahora abra su navegador y péguelo.
links-js-copy-failed = Aquí no se permite copiar. Mantenga el dedo sobre el enlace del correo y elija “Abrir en el navegador” o “Copiar”.

links-server-code-unreadable = Ese no es un código de un correo. Tiene 10 letras y números, por ejemplo 7K2QM-4TX90. Búsquelo debajo del enlace en el correo.
links-server-too-early = Todavía es temprano. Este enlace funciona a partir de esta hora: { $when }. Vuelva entonces.
links-server-elsewhere = Esta consulta ya está abierta en otro dispositivo. Continúe allí, o pásela a este.
links-server-asked-too-often = En la última hora se pidió esta consulta demasiadas veces. Continúe en el otro dispositivo, o llámenos.
links-server-closed-to-others = Quien le atiende cerró esta consulta a otros dispositivos. Continúe en el dispositivo que la tiene, o llámenos.
links-server-used = Este enlace ya se usó, o se envió uno más nuevo. Abra el correo más reciente. También podemos enviar un enlace nuevo al correo que tiene su clínica.
links-server-lapsed = Este código ya se usó, o tiene más de dos minutos. En el dispositivo donde espera, toque otra vez “Seguir en mi teléfono”.
links-server-withdrawn = Su clínica retiró este enlace. Llámenos y le enviamos uno nuevo.
links-server-moved = Su cita tiene ahora otra hora. Abra el correo más reciente, o llámenos.
links-server-cancelled = Esta cita se canceló. Si no lo esperaba, llámenos.
links-server-over = Esta consulta ya terminó. Si necesita otra, llámenos.
