# The patient's pages of a visit: ready, waiting, call, over. `%name%` in a text for scripts stands for a value.
call-title = Su consulta
call-no-script = Una consulta necesita JavaScript. Enciéndalo para esta página, o llame a la clínica.
call-own-picture = Su propia imagen
call-clinician = Quien le atiende
call-level = Micrófono
call-no-picture = La cámara está apagada. Su micrófono funciona.

call-ready-heading = Su consulta con { $clinician }
call-join = Entrar a la consulta
call-join-sound = Entrar solo con sonido
call-join-nothing = Entrar sin cámara ni micrófono
call-check = Probar antes la cámara y el micrófono
call-change-devices = Cámara, micrófono y fondo
call-companion-heading = Alguien está conmigo
call-companion-why = Dígale a quien le atiende quién más puede ver y oír. Si está a solas, deje esto vacío.
call-companion-name = El nombre de esa persona
call-companion-relation = Qué es de usted
call-companion-choose = Elija
call-relation-mine-parent = Mi madre o mi padre
call-relation-mine-partner = Mi pareja
call-relation-mine-child = Mi hija o mi hijo
call-relation-mine-guardian = Mi tutora o mi tutor
call-relation-mine-carer = La persona que me cuida
call-relation-mine-interpreter = Intérprete
call-relation-mine-other = Otra persona

call-relay = Ocultar mi dirección de internet
call-relay-why = La imagen y el sonido pasan entonces solo por los servidores de la clínica, y siguen cifrados. No es necesario. La llamada puede ir un poco más lenta.

# What joining means. A change here is a new version: see `waiting_room/consent.rs`.
call-consent-short = Al entrar, usted acepta una consulta por internet en lugar de una en persona.
call-consent-more = Qué acepta usted
call-consent-how = Usted y quien le atiende se ven y se oyen por internet. La llamada va cifrada entre sus dos dispositivos.
call-consent-limits = No todo se puede hacer de esta manera. Puede ser que le pidan venir a la clínica.
call-consent-private = Usted elige dónde se sienta y quién puede oírle. Quien le atiende está donde nadie más puede oír.
call-consent-recorded = Nadie graba la imagen ni el sonido. Quien le atiende escribe una nota, como después de cualquier consulta. Guardamos que usted entró y cuándo aceptó.
call-consent-leave = Puede salir en cualquier momento y pedir una consulta en persona. Eso no cambia la atención que recibe.
call-consent-emergency = Esto no es para emergencias. En una emergencia, salga y llame al número de emergencias.

# La prueba de la conexión.
call-line-heading = Su conexión
call-line-again = Comprobar la conexión
call-js-line-checking = Estamos comprobando su conexión. No tiene que esperar.
call-js-line-good = Su conexión es buena.
call-js-line-poor = Su conexión es algo débil. Puede que la imagen no se vea bien, así que el sonido va primero. Puede entrar como siempre.
call-js-line-blocked = No pudimos comprobar su conexión: puede que esta red no deje pasar una consulta por video. Entre de todos modos. Otra red suele ayudar, por ejemplo los datos móviles. Si la consulta no empieza, llame al %phone%.
call-js-line-busy = Muchas personas están haciendo la prueba ahora. Puede entrar sin ella.
call-js-line-none = La prueba no funcionó esta vez. Puede entrar sin ella.

call-tips-heading = Antes de entrar
call-tip-place = Busque un lugar privado. Los audífonos ayudan.
call-tip-device = Use un dispositivo de confianza, y ningún wifi público.
call-tip-company = ¿Hay alguien con usted? Dígalo más abajo.
call-tip-leave = Puede salir en cualquier momento.

call-waiting-heading = Está en la sala de espera
call-waiting-for = { $clinician } le dejará entrar.
call-late = { $clinician } lleva unos { $minutes } minutos de retraso.
call-waiting-keep = Deje esta página abierta. Si la carga de nuevo, conserva su lugar.
call-waiting-message = Mensaje de la clínica
call-only-you = Solo usted ve esta imagen hasta que le dejen entrar.
call-check-again = Revisar cámara o fondo
call-leave = Salir

call-with = Consulta con { $clinician }
call-play = Toque para ver y oír
call-mute = Silenciar
call-camera-off = Apagar cámara
call-devices = Ajustes
call-chat = Chat
call-chat-why = Los mensajes van directo a la otra persona y desaparecen cuando termina la consulta.
call-chat-field = Escriba un mensaje
call-chat-send = Enviar
call-close = Cerrar

# Security: what is true of the call. The clinician sets it, the patient reads it.
call-security = Seguridad
call-security-facts = Qué va cifrado
call-security-protocols = Cifrado que usa esta llamada
call-security-path = Camino
call-security-line = Conexión
call-security-words = Palabras comparadas
call-security-not = La imagen, el sonido y el chat van de navegador a navegador. Las citas, los correos y las notas no: el servidor de la clínica trabaja con ellos.
call-security-more = Qué va cifrado de extremo a extremo, y qué no
call-security-route = Las redes deciden por qué camino llega la llamada a un servidor intermedio, y de uno a otro. La clínica no lo decide.
call-security-rules-read = Lo que decidió quien le atiende
call-share = Mostrar pantalla
call-stop-sharing = Dejar de compartir
call-shared-by-you = Usted está mostrando su pantalla.

call-devices-heading = Cámara, sonido y fondo
call-choose-camera = Cámara
call-choose-microphone = Micrófono
call-choose-speaker = Altavoz
call-test-sound = Probar el sonido
call-test-sound-why = ¿No oye nada? Suba el volumen o pruebe otro altavoz.
call-sound-only = Solo sonido, sin imágenes. Gasta pocos datos.
call-done = Listo

# Lo que se ve detrás de una persona.
call-background = Fondo
call-background-none = Tal como es
call-background-blur = Borroso
call-background-hide = Oculto
call-background-why = Se hace en su dispositivo. Vale para esta visita.
call-background-failed = Aquí no se puede difuminar ni ocultar el fondo
call-background-off = Su cámara está apagada, así que nadie ve lo que hay detrás de usted. Puede mostrar su imagen tal como es o seguir solo con sonido.
call-background-as-it-is = Mostrar mi imagen tal como es
call-background-without = Seguir sin imagen
call-js-background-preparing = Preparando. Nadie ve su imagen antes.
call-js-background-missing = Una parte de esta página no se cargó. Revise su conexión a internet y encienda la cámara para probar otra vez.
call-js-background-refused = Este navegador no puede hacerlo. Uno más nuevo suele poder: Safari, Chrome, Firefox o Edge.
call-js-background-slow = Este dispositivo es demasiado lento para eso.

call-over-heading = La consulta terminó
call-over-words = Ya puede cerrar esta página. En este dispositivo no queda nada de la consulta.
call-over-next-heading = Qué sigue
call-over-next-mail = Si hay otra consulta, la clínica le enviará un correo nuevo con un enlace nuevo. El anterior ya no abre nada.
call-over-next = ¿Tiene preguntas, o se cortó la consulta? Llámenos:
call-over-record = ¿Quién miró mi expediente?
call-over-record-ask = Puede preguntarlo. Llámenos y diga que quiere saber quién lo abrió:
call-over-record-how = Qué guardamos sobre usted

# What the patient's script says.
call-js-title-admitted = Su consulta está abierta
call-js-again-heading = Su consulta está abierta
call-js-again-words = %clinician% ya está allí. Esta página se cargó de nuevo, y la cámara y el micrófono solo se encienden cuando usted toca. Toque “Entrar a la consulta” para continuar.
call-js-admitted = %clinician% le deja entrar. La consulta empieza ahora.
call-js-put-back = Está otra vez en la sala de espera. %clinician% puede dejarle entrar de nuevo.
call-js-waiting-here = %clinician% ya está aquí y le dejará entrar pronto.
call-js-waiting-busy = %clinician% está con otro paciente y le dejará entrar después.
call-js-waiting-away = %clinician% no está en este momento. Usted no tiene que hacer nada.
call-js-waiting-late = %clinician% lleva unos %minutes% minutos de retraso. Usted no tiene que hacer nada.
call-js-before-none = Es su turno.
call-js-before-one = Hay una persona antes que usted.
call-js-before-many = Hay %count% personas antes que usted.
call-js-held = %clinician% ya vio que usted está aquí.
call-js-waiting-lost = Se perdió la conexión con la clínica. Lo intentamos otra vez. Usted conserva su lugar.
call-js-no-both = La cámara y el micrófono no se abren.
call-js-no-camera = La cámara no se abre.
call-js-no-sound = El micrófono no se abre.
call-js-or-without = Después toque otra vez “Entrar a la consulta”. O elija abajo otra forma de entrar.
call-js-offline = No pudimos comunicarnos con la clínica. Revise su conexión a internet e inténtelo otra vez.
call-js-unavailable = Algo anda mal de nuestro lado. Espere un momento e inténtelo otra vez, o llame a la clínica.
call-js-companion-incomplete = Escriba el nombre de la persona que está con usted y elija qué es de usted. O deje las dos cosas vacías.
call-js-not-open = Desde aquí ya no se puede entrar a esta consulta. Abra otra vez el enlace de su correo, o llame a la clínica.

# Why a device does not open, and how to mend it.
call-js-blocked = Esta página todavía no tiene permiso para usarlo.
call-js-mend-ios = Toque “aA” o el símbolo de página en la barra de direcciones, elija Configuración del sitio web y permita la cámara y el micrófono.
call-js-mend-ios_app = En los ajustes de su teléfono o tableta elija el nombre de este navegador y permita allí la cámara y el micrófono. Después vuelva aquí.
call-js-mend-android_firefox = Toque el candado a la izquierda de la dirección, elija la cámara o el micrófono bloqueado y permítalo.
call-js-mend-samsung = Toque el candado a la izquierda de la dirección, elija Permisos y permita la cámara y el micrófono.
call-js-mend-edge = Toque el candado a la izquierda de la dirección y permita la cámara y el micrófono.
call-js-mend-android = Toque el símbolo a la izquierda de la dirección, elija Permisos y permita la cámara y el micrófono.
call-js-mend-firefox = Toque el símbolo de cámara o micrófono a la izquierda de la dirección, quite “Bloqueado” e inténtelo otra vez.
call-js-mend-chrome = Toque el símbolo a la izquierda de la dirección y permita la cámara y el micrófono.
call-js-mend-safari = En el menú Safari elija Configuración para este sitio web y permita la cámara y el micrófono.
call-js-mend-other = Permita la cámara y el micrófono para esta página en la configuración de su navegador.
call-js-mend-system-mac = Si aun así no se abre: en Ajustes del Sistema elija Privacidad y seguridad, después Cámara y Micrófono, y permita este navegador.
call-js-mend-system-pc = Si aun así no se abre: en la configuración de Windows elija Privacidad, después Cámara y Micrófono, y permita este navegador.
call-js-device-missing-phone = No encontramos ninguno. Muchas veces ayuda cerrar el navegador y abrirlo de nuevo, o reiniciar el teléfono.
call-js-device-busy-phone = Otra aplicación o una llamada lo está usando. Termine la llamada o cierre la otra aplicación.
call-js-device-missing = No encontramos ninguno en este dispositivo. Conecte uno.
call-js-device-busy = Otro programa lo está usando. Cierre ese programa.
call-js-device-unsupported = Este navegador no puede usarlo aquí. Abra el enlace en Safari, Chrome, Firefox o Edge.
call-js-device-other = No responde. Muchas veces ayuda cerrar el navegador y abrirlo de nuevo.
call-js-speaker-failed = Este altavoz no funciona. Se sigue usando el anterior.
call-js-camera = Cámara
call-js-microphone = Micrófono
call-js-speaker = Altavoz
call-js-choose = Elija

# The call.
call-js-connecting = Conectando
call-js-reconnecting = Se interrumpió la conexión. Vuelve a conectarse sola.
call-js-connected = Conexión lista
call-js-truth-clinician = Cifrado entre usted y quien le atiende.
call-js-truth-none = Sin conexión
call-js-truth-connecting = Conectando
call-js-truth-reconnecting = Conectando otra vez
call-js-truth-unknown = No podemos saber si esta llamada va cifrada. No diga nada privado hasta que esto cambie.
call-js-security-unknown = No se sabe por el momento
call-js-security-unsaid = Este navegador no lo dice.
call-js-rule-locked = Cerrada: ningún otro dispositivo puede entrar en esta llamada.
call-js-rule-unlocked = Otro dispositivo solo puede entrar después de una pregunta a usted o a la clínica.
call-js-rule-chat-later = El chat se abre cuando quien le atiende haya confirmado quién es usted.
call-js-rule-chat-on = El chat está abierto.
call-js-rule-chat-off = El chat está cerrado.
call-js-rule-relay-on = La llamada va a través de los servidores intermedios de la clínica, y por ningún otro camino.
call-js-rule-relay-off = La llamada va por el camino más directo que haya.
call-js-rule-sharing-no = Usted no puede mostrar su pantalla.
call-js-rule-sharing-allowed = Usted puede mostrar su pantalla, una vez.
call-js-rule-sharing-on = Usted está mostrando su pantalla.
call-js-share-allowed = Quien le atiende le permite mostrar su pantalla. Si quiere, pulse «Mostrar pantalla». Antes nadie la ve.
call-js-share-unsupported = Quien le atiende le permite mostrar su pantalla, pero este navegador no puede. Una computadora sí.
call-js-share-failed = No se eligió ninguna pantalla. Nadie ve su pantalla.
call-js-share-refused = Su pantalla no se muestra: primero debe permitirlo quien le atiende.
call-js-share-ended = Su pantalla ya no se muestra.
# What the clinician's page does, over their picture.
call-js-clinician-here = %clinician% está aquí y entra en un momento.
call-js-clinician-back = %clinician% está de vuelta y entra en un momento.
call-js-clinician-left = %clinician% salió de la página de la llamada y quizás vuelva. Deje abierta esta página. Si tarda mucho, llame al %phone%.
call-js-clinician-lost = %clinician% perdió la conexión y quizás vuelva. Deje abierta esta página. Si tarda mucho, llame al %phone%.
call-js-clinician-cannot-connect = No se logra la conexión. Muchas veces ayuda otra red, por ejemplo los datos del celular. También puede llamar a la clínica: %phone%
call-js-clinician-camera-off = La cámara de %clinician% está apagada.
call-js-clinician-muted = El micrófono de %clinician% está en silencio.
call-js-path-direct = Directo, camino no fijado.
call-js-path-relay = A través de un servidor intermedio, camino no fijado.
call-js-path-relay-in = A través de un servidor intermedio en %region%, camino no fijado.
call-js-path-pinned = A través de los servidores intermedios de la clínica en %region%, y por ningún otro camino.
call-js-path-pinned-two = A través de los servidores intermedios de la clínica en %region% y %other%, y por ningún otro camino.
call-js-no-relay = No se puede llegar a ningún servidor intermedio en %region%, y esta llamada no va por ningún otro camino. Seguimos intentando. Si tarda demasiado, llame a la clínica: %phone%
call-js-no-picture = Por el momento no llega la imagen de la otra persona. Pueden seguir hablando.
call-js-sound-only = Usted eligió solo sonido. Para volver a verse, cámbielo en Ajustes.
call-js-sound-first = La conexión es mala, por eso el sonido va primero. La imagen vuelve sola.
call-js-picture-held = La conexión es mala: por ahora solo sale su sonido. Su imagen vuelve sola.
call-js-picture-held-short = Mala conexión: solo sonido.
call-js-picture-not-wanted = No se envía: eligió solo sonido.
call-js-quality-good = La conexión es buena.
call-js-quality-weak = La conexión es débil.
call-js-quality-poor = La conexión es mala.
call-js-muted = Su micrófono está en silencio.
call-js-no-microphone = Sin micrófono.
call-js-camera-is-off = Cámara apagada.

# What the system took away, and how to go on.
call-js-resume = Toque para seguir
call-js-taken-microphone-held = Otra cosa usa su micrófono, quizás una llamada telefónica. Cuando termine, pulse «Toque para seguir».
call-js-taken-camera-held = Otra cosa usa su cámara. Cuando termine, pulse «Toque para seguir».
call-js-taken-both-held = Otra cosa usa su cámara y su micrófono, quizás una llamada telefónica. Cuando termine, pulse «Toque para seguir».
call-js-taken-microphone-gone = Su micrófono ya no está. Conéctelo de nuevo y pulse «Toque para seguir», o elija otro en Ajustes.
call-js-taken-camera-gone = Su cámara ya no está. Conéctela de nuevo y pulse «Toque para seguir», o elija otra en Ajustes. Pueden seguir hablando.
call-js-taken-both-gone = Su cámara y su micrófono ya no están. Conéctelos de nuevo y pulse «Toque para seguir», o elija otros en Ajustes.
call-js-taken-stopped = La imagen y el sonido se detuvieron en este dispositivo. Pulse «Toque para seguir».

# Chat.
call-js-chat-you = Usted:
call-js-chat-them = La otra persona:
call-js-chat-new = Nuevo
call-js-chat-came = Llegó un mensaje nuevo.
call-js-chat-failed = No se envió. Inténtelo otra vez cuando haya conexión.

# Las palabras que comparan las dos personas, para saber que no hay nadie en medio.
call-proof-heading = Comparar cuatro palabras
call-proof-reads = Lea estas cuatro palabras en voz alta a { $clinician }. Si las dos pantallas muestran las mismas, nadie entre ustedes ve ni oye esta llamada.
call-proof-numbers = Los números también son los mismos en las dos pantallas. Las palabras y los números no salen de esta página.
call-proof-differ = Son distintas
call-proof-differ-heading = ¿Son distintas las palabras?
call-proof-differ-why = Si una de las cuatro es distinta, la llamada termina enseguida para los dos, y siguen por teléfono.
call-proof-differ-no = No, seguir
call-proof-differ-yes = Sí, terminar la llamada
call-js-proof-toggle = Comparar palabras
call-js-proof-toggle-matched = Palabras iguales
call-js-proof-preparing = Se están preparando las palabras.
call-js-proof-compare = Todavía sin comparar.
call-js-proof-again = La llamada se conectó de nuevo. Compare otra vez, por favor.
call-js-proof-matched-patient = Quien le atiende pulsó que son iguales. Usted también debió oírlo.
call-js-proof-unchecked = No se pudo comprobar esta conexión. La llamada sigue. Si quiere estar seguro, hable mejor por teléfono.
call-js-proof-spent = La llamada se conectó demasiadas veces para comprobarla otra vez. La llamada sigue. Si quiere estar seguro, hable mejor por teléfono.

# The patient's page at the end.
call-js-over-ended-heading = La consulta terminó
call-js-over-ended-words = Ya puede cerrar esta página. En este dispositivo no queda nada de la consulta.
call-js-over-left-heading = Usted salió
call-js-over-left-words = La cámara y el micrófono están apagados. Mientras no termine la consulta, puede volver.
call-js-over-left-return = Volver
call-js-over-left-untold = La cámara y el micrófono están apagados. No pudimos avisar a la clínica que usted salió: se perdió la conexión.
call-js-over-moved-heading = La consulta está ahora en otro dispositivo
call-js-over-moved-words = Ya puede cerrar esta página. Aquí la cámara y el micrófono están apagados. Si usted no lo pidió, llámenos enseguida.
call-js-over-superseded-heading = La consulta está abierta en otra pestaña
call-js-over-superseded-words = Aquí la cámara y el micrófono están apagados.
call-js-over-superseded-return = Usar esta pestaña
call-js-over-removed-heading = Usted ya no está en esta consulta
call-js-over-removed-words = La clínica cerró esta página, y su enlace ya no sirve. Si todavía necesita la consulta, o cree que es un error, llámenos: podemos enviarle un enlace nuevo.
call-js-over-rescheduled-heading = Su cita tiene ahora otra hora
call-js-over-rescheduled-words = El correo más nuevo de la clínica tiene la hora nueva y un enlace nuevo. Si no lo esperaba, o no le llegó el correo, llámenos.
call-js-over-cancelled-heading = Esta cita se canceló
call-js-over-cancelled-words = No tiene que esperar aquí. Si no lo esperaba, llámenos.
call-js-over-no_show-heading = Esta consulta está cerrada
call-js-over-no_show-words = La clínica la cerró porque no había empezado. Si todavía la necesita, llámenos.
call-js-over-differ-heading = La llamada se detuvo por seguridad
call-js-over-differ-words = Los dos lados de la llamada no coincidían, por eso se cerró enseguida, para los dos. Usted no hizo nada mal, y su aparato está bien. Por favor, llame a la clínica y siga por teléfono.
call-js-over-differ-return = Volver a la sala de espera
call-js-over-no_relay-heading = Ningún servidor intermedio en %region%
call-js-over-no_relay-words = La llamada habría ido por un camino que no debe tomar, por eso se cerró antes de que alguien le viera u oyera por ahí. Inténtelo otra vez, o llame a la clínica y siga por teléfono.
call-js-over-no_relay-return = Intentar otra vez
call-js-over-strayed-heading = Ya no hay servidor intermedio en %region%
call-js-over-strayed-words = La llamada tomó un camino que no debe tomar, por eso se cerró en cuanto esta página lo notó. Puede que haya ido por ahí unos segundos, cifrada como antes. Inténtelo otra vez, o llame a la clínica y siga por teléfono.
call-js-over-strayed-return = Intentar otra vez
call-js-over-unloaded-heading = La llamada no pudo empezar
call-js-over-unloaded-words = No llegó una parte de esta página. Por favor, vuelva a cargar la página. Si no ayuda, llame a la clínica y siga por teléfono.
call-js-over-unloaded-return = Volver a cargar la página

# A second device asks for the visit; the patient's page puts the question.
call-move-heading = ¿Es usted?
call-move-question = Alguien con su fecha de nacimiento quiere abrir esta consulta en otro dispositivo. ¿Es usted?
call-move-danger = Si no acaba de hacerlo usted, toque “No”. La consulta se queda aquí.
call-move-no = No
call-move-yes = Sí, pasarla
call-js-move-going = La consulta pasa a su otro dispositivo. Deje abierta la página de ese dispositivo.
call-js-move-late = Esa pregunta ya no está abierta. La consulta se queda aquí.
call-js-move-failed = No pudimos comunicarnos con la clínica. Toque otra vez.

# "Continue on my phone", in the waiting room.
call-phone = Seguir en mi teléfono
call-phone-heading = Siga en su teléfono
call-phone-how = Apunte a esta imagen con la cámara de su teléfono y abra el enlace que aparece. Escriba allí su fecha de nacimiento, o el código de consulta que le dio la clínica.
call-phone-picture = Imagen con el enlace para su teléfono
call-phone-type = O escriba esto en la barra de direcciones del navegador de su teléfono:
call-phone-once = Conserva su lugar. Cuando el teléfono tenga la consulta, esta página se cierra. El enlace sirve una sola vez, durante dos minutos: no se lo muestre a nadie más.
call-phone-new = Enlace nuevo
call-phone-stay = Quedarme aquí
call-js-phone-old = Pasaron los dos minutos y este enlace ya no funciona. Toque “Enlace nuevo”.
call-js-phone-not-waiting = Solo una consulta en espera puede seguir en un teléfono. Cierre esta pregunta.
call-js-phone-often = En la última hora pidió muchos enlaces. Siga en este dispositivo, o llame a la clínica.
call-js-phone-failed = No pudimos comunicarnos con la clínica. Toque “Enlace nuevo”.
